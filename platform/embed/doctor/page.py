"""A web page as far as a snippet goes: its scripts, its chats, its policies. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

from embed.doctor.csp import Policy, read_policies
from embed.models.site import KEY_START

SCRIPT_PATH = "/embed.js"
OLD_PATH = "/static/embed/"  # files that are no address to rely on
_RUNS = frozenset({"", "text/javascript", "application/javascript", "module", "text/ecmascript"})


@dataclass(frozen=True, slots=True)
class Script:
    """A script element that is, or wants to be, a snippet. ``url`` is whole; ``key`` may be ""."""

    url: str
    key: str = ""
    nonce: str = ""
    kind: str = ""
    is_async: bool = False
    integrity: str = ""

    @property
    def origin(self) -> str:
        """Where it is loaded from."""
        return origin_of(self.url)

    @property
    def runs(self) -> bool:
        """False for a type that browsers take for data, as consent managers write it."""
        return self.kind in _RUNS

    @property
    def is_old(self) -> bool:
        """True where a file is loaded that is none of a snippet's."""
        return urlsplit(self.url).path.startswith(OLD_PATH)


@dataclass(frozen=True, slots=True)
class WebPage:
    """A page that was read, at ``url`` after redirects."""

    url: str
    scripts: Sequence[Script] = ()
    chats: Sequence[str] = ()  # keys of <atrium-chat> elements
    policies: Sequence[Policy] = ()
    in_comment: bool = False

    @property
    def origin(self) -> str:
        """As browsers send it."""
        return origin_of(self.url)


def origin_of(url: str) -> str:
    """The origin of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower()


def read_page(url: str, text: str, headers: Mapping[str, Sequence[str]]) -> WebPage:
    """What a page's HTML and headers (by names in lower case) say. Never raises, whatever the text is."""
    reader = _Reader(url)
    reader.feed(text)
    return WebPage(
        url=url,
        scripts=reader.scripts,
        chats=reader.chats,
        policies=read_policies(headers.get("content-security-policy", ()), reader.metas),
        in_comment=reader.in_comment,
    )


@dataclass
class _Reader(HTMLParser):
    url: str
    scripts: list[Script] = field(default_factory=list)
    chats: list[str] = field(default_factory=list)
    metas: list[str] = field(default_factory=list)
    in_comment: bool = False
    depth: int = 0  # of templates, whose content is not part of the page

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)
        self.base = self.url

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what matters."""
        given = {name: value or "" for name, value in reversed(attrs)}
        if tag == "template":
            self.depth += 1
        elif self.depth:
            return
        elif tag == "base" and "href" in given and self.base == self.url:
            self.base = _joined(self.url, given["href"])
        elif tag == "meta" and given.get("http-equiv", "").lower() == "content-security-policy":
            self.metas.append(given.get("content", ""))
        elif tag == "atrium-chat":
            self.chats.append(given.get("data-site", "").strip())
        elif tag == "script" and given.get("src"):
            self._note_script(given)

    def handle_endtag(self, tag: str) -> None:
        """A template ends."""
        if tag == "template":
            self.depth = max(0, self.depth - 1)

    def handle_comment(self, data: str) -> None:
        """A snippet that was commented out."""
        self.in_comment |= "<script" in data and SCRIPT_PATH in data

    def _note_script(self, given: Mapping[str, str]) -> None:
        url = _joined(self.base, given["src"].strip())
        parts = urlsplit(url)
        in_address = (parse_qs(parts.query).get("site") or [""])[0]
        key = (given.get("data-site") or in_address or given.get("data-key", "")).strip()
        is_snippet = parts.path == SCRIPT_PATH or key.startswith(KEY_START)
        if is_snippet or parts.path.startswith(OLD_PATH):
            kind = given.get("type", "").split(";")[0].strip().lower()
            nonce, integrity = given.get("nonce", ""), given.get("integrity", "")
            self.scripts.append(Script(url, key, nonce, kind, "async" in given, integrity))


def _joined(base: str, address: str) -> str:
    try:
        joined = urljoin(base, address)
        urlsplit(joined).port  # noqa: B018  # raises for what is no number
    except ValueError:
        return base
    return joined
