"""Which web pages may chat: origins, and patterns of them. Pure.

An origin is what browsers send in the ``Origin`` header: scheme, host and port, in ASCII, lower case, without the
scheme's own port (https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin). Nothing here
mends one: a browser sends it in this form, and what comes in another form is not from a browser.

A pattern is an origin, or one whose host begins with ``*.``, which stands for one or more labels: patterns are valid
sources of a Content-Security-Policy, too, and mean the same there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address

import httpx

from tenants.errors import InvalidInput

LONGEST = 300  # characters
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_LABELS = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ORIGIN = re.compile(rf"(https?)://({_LABELS.pattern}|\[[0-9a-f:.]+\])(?::([1-9][0-9]{{0,4}}))?")
_SCHEMES_PORTS = {"http": "80", "https": "443"}


def is_origin(text: str) -> bool:
    """True for a web page's origin as a browser writes it. ``null`` is none: a sandboxed frame sends it, or a file."""
    return len(text) <= LONGEST and _ORIGIN.fullmatch(text) is not None


def is_allowed(origin: str, patterns: Iterable[str]) -> bool:
    """True where one of the patterns, as ``as_pattern`` has made them, is this origin or stands for it."""
    return is_origin(origin) and any(_matches(origin, pattern) for pattern in patterns)


def _matches(origin: str, pattern: str) -> bool:
    before, star, after = pattern.partition("*")
    if not star:
        return origin == pattern
    if not (origin.startswith(before) and origin.endswith(after)):
        return False
    labels = origin[len(before) : len(origin) - len(after)]
    return _LABELS.fullmatch(labels) is not None


def as_pattern(text: str) -> str:
    """What a person has typed, as a pattern: ``https://shop.example.com``, ``https://*.example.com:8443``.

    Raises ``InvalidInput`` with what is wrong. A trailing slash and the scheme's own port are dropped, and a host in
    another script becomes what browsers make of it.
    """
    typed = text.strip().lower().removesuffix("/")
    scheme, separator, rest = typed.partition("://")
    if not separator or scheme not in _SCHEMES_PORTS:
        raise _wrong(text, "begins with https://")
    if re.search(r"[/?#@\\\s%,;']", rest):
        raise _wrong(text, "is a scheme and a host, without a path or a user")
    host, port = _split(text, rest)
    wildcard, host = host.startswith("*."), _ascii(text, host.removeprefix("*."))
    if wildcard and not _may_have_wildcard(host):
        raise _wrong(text, "has at least two names after the *, as in *.example.com")
    if scheme == "http" and not _is_this_machine(host):
        raise _wrong(text, "begins with https://; http:// is for localhost only")
    shown_port = f":{port}" if port and port != _SCHEMES_PORTS[scheme] else ""
    return f"{scheme}://{'*.' if wildcard else ''}{host}{shown_port}"


def _split(text: str, rest: str) -> tuple[str, str]:
    """Host and port; the port is "" where none is given."""
    found = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::([1-9][0-9]{0,4}))?", rest)
    if found is None or not found[1] or int(found[2] or 1) > 65535:
        raise _wrong(text, "is a host, or a host and a port such as :8443")
    return found[1], found[2] or ""


def _ascii(text: str, host: str) -> str:
    """The host as browsers write it: other scripts in Punycode."""
    try:
        found = httpx.URL(f"https://{host}").raw_host.decode()
    except (httpx.InvalidURL, ValueError):
        found = ""
    if ":" in found:
        found = f"[{found}]"
    if len(found) > 253 or not is_origin(f"https://{found}"):
        raise _wrong(text, "has a host's name")
    return found


def _may_have_wildcard(host: str) -> bool:
    """A pattern for everybody below ``com``, or for numbers, is a mistake."""
    if host == "localhost":
        return True
    labels = host.split(".")
    return len(labels) >= 2 and not labels[-1].isdecimal() and not host.startswith("[")


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _wrong(text: str, what: str) -> InvalidInput:
    return InvalidInput(f"{text.strip()[:100]!r} cannot be an origin: it {what}.", field="origins")
