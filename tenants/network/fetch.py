"""Read what is at an address that a tenant gave."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.message import Message

import httpx

from tenants.network.bodies import ACCEPTED, read_body, too_large
from tenants.network.clients import guarded_async_client
from tenants.network.errors import (
    FetchFailed,
    UrlAnsweredWithError,
    UrlTooSlow,
    UrlUnreachable,
    UrlWrongType,
)
from tenants.network.guard import Guard, default_guard
from tenants.sync_bridge import from_sync

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_USER_AGENT = "Atrium"


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What a fetch may take: bytes of the body (packed and unpacked), seconds for everything, and redirects."""

    size: int = 10_000_000
    seconds: float = 20.0
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was at the address. ``url`` is where it was found, after redirects; ``media_type`` is in lower case.

    ``headers`` are those of the answer, by names in lower case, each with the values in which it came.
    """

    url: str
    status: int
    media_type: str
    charset: str
    body: bytes
    headers: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The body as text, in its own character set if that is known; what cannot be read becomes a sign for that."""
        try:
            return self.body.decode(self.charset or "utf-8", errors="replace")
        except LookupError:
            return self.body.decode("utf-8", errors="replace")


async def afetch(
    url: str,
    *,
    media_types: Sequence[str] = (),
    limits: FetchLimits | None = None,
    guard: Guard | None = None,
    verify: ssl.SSLContext | None = None,
) -> Fetched:
    """Get what is at ``url``, which a tenant gave. Sends no cookie, no key and no referrer.

    Parameters
    ----------
    media_types
        Those that are taken, such as ``text/html`` or ``text/*``; none: all.
    guard, verify
        As in ``guarded_async_client``.

    Raises ``UrlInvalid``, ``AddressRefused``, ``UrlUnreachable``, ``UrlTooSlow``, ``UrlTooLarge``, ``UrlWrongType``,
    and ``UrlAnsweredWithError`` (``facts["status"]``) for a status that is not 2xx.
    """
    limits, guard = limits or FetchLimits(), guard or default_guard()
    headers = {"User-Agent": _USER_AGENT, "Accept": ", ".join(media_types) or "*/*", "Accept-Encoding": ACCEPTED}
    try:
        async with (
            asyncio.timeout(limits.seconds),
            guarded_async_client(guard=guard, verify=verify, headers=headers, timeout=limits.seconds) as client,
        ):
            return await _Fetch(client, guard, limits, media_types).follow(url)
    except (TimeoutError, httpx.TimeoutException) as error:
        raise UrlTooSlow(f"The server took longer than {limits.seconds:g} seconds.") from error
    except httpx.RequestError as error:
        raise UrlUnreachable(_why(error)) from error


def fetch(url: str, **options: object) -> Fetched:
    """``afetch`` for synchronous code, with the same parameters. Not for a thread whose event loop is running."""
    return from_sync(afetch, url, **options)  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Fetch:
    client: httpx.AsyncClient
    guard: Guard
    limits: FetchLimits
    media_types: Sequence[str]

    async def follow(self, text: str) -> Fetched:
        for _ in range(self.limits.redirects + 1):
            url = self.guard.check_url(text)
            self.client.cookies.clear()
            async with self.client.stream("GET", url) as response:
                location = response.headers.get("location")
                if response.status_code not in _REDIRECTS or not location:
                    return await self._read(response)
            text = _joined(url, location)
        raise FetchFailed(f"The address leads on more than {self.limits.redirects} times.")

    async def _read(self, response: httpx.Response) -> Fetched:
        status = response.status_code
        if not 200 <= status < 300:
            raise UrlAnsweredWithError(f"The server answered with an error ({status}).", status=status)
        kind = Message()
        kind["Content-Type"] = response.headers.get("content-type", "application/octet-stream")
        found = Fetched(str(response.url), status, kind.get_content_type(), kind.get_content_charset() or "", b"")
        if self.media_types and not any(_fits(found.media_type, wanted) for wanted in self.media_types):
            raise UrlWrongType(f"At this address is {found.media_type}, which cannot be used here.")
        announced = response.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > self.limits.size:
            raise too_large(self.limits.size)
        body = await read_body(response.aiter_raw(), response.headers.get("content-encoding", ""), self.limits.size)
        names = dict.fromkeys(name.lower() for name in response.headers)
        return replace(found, body=body, headers={name: response.headers.get_list(name) for name in names})


def _joined(url: httpx.URL, location: str) -> str:
    try:
        return str(url.join(location))
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise FetchFailed("The address leads on to something that is no address.") from error


def _fits(media_type: str, wanted: str) -> bool:
    return media_type == wanted or (wanted.endswith("/*") and media_type.startswith(wanted[:-1]))


def _why(error: httpx.RequestError) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "The server's certificate is not valid for this address, or is not trusted here."
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError):
        return ""
    return "The server broke off, or does not speak HTTP."
