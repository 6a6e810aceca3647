"""Content-Security-Policy: does a page's policy let it load this? Pure.

After CSP Level 3 (https://www.w3.org/TR/CSP3/): policies are parsed as in 2.2, and a source expression is compared with
an address as in 6.7.2, a nonce and the hashes of a script's ``integrity`` as in 6.7.1.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

SCRIPT = ("script-src-elem", "script-src", "default-src")  # the first of them that a policy has decides
FRAME = ("frame-src", "child-src", "default-src")
NOT_IN_META = frozenset({"report-uri", "frame-ancestors", "sandbox"})

_HOST_SOURCE = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?P<host>\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>\d{1,5}|\*))?(?P<path>/[^?#]*)?",
    re.IGNORECASE,
)
_NONCE = re.compile(r"'nonce-([a-z0-9+/_-]+={0,2})'", re.IGNORECASE)
_HASH = re.compile(r"sha(?:256|384|512)-[a-z0-9+/_-]+={0,2}", re.IGNORECASE)
_SCHEME_SOURCE = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy of a page: sources by directive, in lower case names; a directive that comes twice counts once."""

    directives: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def deciding(self, chain: Iterable[str]) -> str | None:
        """The directive that decides about what is loaded; None where none restricts it."""
        return next((name for name in chain if name in self.directives), None)

    def has(self, name: str, keyword: str) -> bool:
        """Whether a directive holds a keyword, as 'strict-dynamic', in whichever letters."""
        return keyword in (source.lower() for source in self.directives.get(name, ()))

    def permits(self, flag: str) -> bool:
        """False where a sandbox takes away what ``flag`` would give back."""
        return "sandbox" not in self.directives or self.has("sandbox", flag)

    def allows(self, chain: Iterable[str], url: str, page: str, nonce: str = "", integrity: str = "") -> bool:
        """Whether ``page`` may load ``url``; a script that its HTML names may have ``nonce`` and ``integrity``."""
        name = self.deciding(chain)
        if name is None:
            return True
        sources = self.directives[name]
        is_script = name.startswith("script") or SCRIPT[0] in chain
        if is_script and (_is_named(nonce, sources) or _is_hashed(integrity, sources)):
            return True
        if is_script and self.has(name, "'strict-dynamic'"):
            return False  # hosts and 'self' count for nothing then
        return any(matches(source, url, page) for source in sources)


def read_policies(headers: Iterable[str], in_meta: Iterable[str] = ()) -> list[Policy]:
    """The policies of a page's headers, each of which may hold several, and of its ``meta`` elements."""
    found = [_policy(text) for header in headers for text in header.split(",")]
    found += [_policy(text, without=NOT_IN_META) for text in in_meta]
    return [policy for policy in found if policy.directives]


def _policy(text: str, without: frozenset[str] = frozenset()) -> Policy:
    directives: dict[str, tuple[str, ...]] = {}
    for token in text.split(";"):
        name, *values = token.split() or [""]
        if name and name.lower() not in without:
            directives.setdefault(name.lower(), tuple(values))
    return Policy(directives)


def matches(source: str, url: str, page: str) -> bool:
    """Whether a source expression stands for the address, in the page's policy. Of keywords, only 'self' does."""
    target, own = urlsplit(url), urlsplit(page)
    if source == "*":
        return target.scheme in _PORTS or target.scheme == own.scheme
    if source.lower() == "'self'":
        return _is_self(target, own)
    if source.startswith("'"):
        return False
    if found := _SCHEME_SOURCE.fullmatch(source):
        return _scheme_fits(found[1].lower(), target.scheme)
    found = _HOST_SOURCE.fullmatch(source)
    if found is None:
        return False
    scheme = (found["scheme"] or own.scheme).lower()
    return (
        _scheme_fits(scheme, target.scheme)
        and _host_fits(found["host"].lower(), (target.hostname or "").lower())
        and _port_fits(found["port"], target)
        and _path_fits(found["path"] or "", target.path or "/")
    )


def _is_named(nonce: str, sources: Iterable[str]) -> bool:
    """By its nonce, in which each letter counts."""
    named = (_NONCE.fullmatch(source) for source in sources)
    return bool(nonce) and any(found and found[1] == nonce for found in named)


def _is_hashed(integrity: str, sources: Iterable[str]) -> bool:
    """By hashes: all of its ``integrity`` have to be among the sources."""
    wanted = {found[0] for each in integrity.split() if (found := _HASH.match(each))}
    listed = {source[1:-1] for source in sources if source[:1] == source[-1:] == "'" and _HASH.fullmatch(source[1:-1])}
    return bool(wanted) and {_hash(each) for each in wanted} <= {_hash(each) for each in listed}


def _hash(written: str) -> tuple[str, str]:
    kind, _, value = written.partition("-")
    return kind.lower(), value.replace("-", "+").replace("_", "/")  # base64url is the same


def _is_self(target: SplitResult, own: SplitResult) -> bool:
    if target.hostname != own.hostname:
        return False
    if target.scheme == own.scheme:
        return _port(target) == _port(own)
    usual = _port(target) == _PORTS.get(target.scheme) and _port(own) == _PORTS.get(own.scheme)
    return _scheme_fits(own.scheme, target.scheme) and usual


def _scheme_fits(allowed: str, scheme: str) -> bool:
    upgrades = {"http": ("https",), "ws": ("wss", "http", "https"), "wss": ("https",)}
    return scheme == allowed or scheme in upgrades.get(allowed, ())


def _host_fits(pattern: str, host: str) -> bool:
    if pattern == "*":
        return True
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and len(host) > len(pattern) - 1
    return pattern.strip("[]") == host


def _port_fits(port: str | None, target: SplitResult) -> bool:
    actual = _port(target)
    if port is None:
        return actual == _PORTS.get(target.scheme)
    return port == "*" or int(port) == actual or (port == "80" and actual == 443)


def _path_fits(pattern: str, path: str) -> bool:
    if pattern in ("", "/"):
        return True
    pattern, path = unquote(pattern), unquote(path)
    return path.startswith(pattern) if pattern.endswith("/") else path == pattern


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
