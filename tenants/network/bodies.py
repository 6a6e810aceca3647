"""A response's body, read up to a limit, as it is sent and as it is unpacked."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator

from tenants.network.errors import FetchFailed, UrlTooLarge

_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
ACCEPTED = "gzip"


async def read_body(pieces: AsyncIterator[bytes], encoding: str, most: int) -> bytes:
    """The body without its ``Content-Encoding``, at most ``most`` bytes of it.

    It is unpacked no further than that: a small body that would fill the memory never does. Raises ``UrlTooLarge``,
    and ``FetchFailed`` for a body that cannot be unpacked.
    """
    unpack = _unpacking(encoding)
    body = bytearray()
    sent = 0
    async for piece in pieces:
        sent += len(piece)
        if sent > most:
            raise too_large(most)
        body += unpack.decompress(piece, most + 1 - len(body)) if unpack else piece
        if len(body) > most:
            raise too_large(most)
    if unpack and sent and not unpack.eof:
        raise FetchFailed("The server's answer breaks off, or is not packed as it says.")
    return bytes(body)


def _unpacking(encoding: str) -> _Gzip | None:
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return None
    if encoding in ("gzip", "x-gzip", "deflate"):
        return _Gzip()
    raise FetchFailed("The server's answer is packed in a way that was not asked for.")


class _Gzip:
    """Unpacks members one after the other (RFC 1952). Holds no more than it was asked for and one piece of input."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP_OR_ZLIB)

    def decompress(self, piece: bytes, most: int) -> bytes:
        """The next bytes, at most ``most``: when they are as many, the rest of the piece is lost."""
        found = bytearray()
        while piece and len(found) < most:
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP_OR_ZLIB)
            try:
                found += self._member.decompress(piece, most - len(found))
            except zlib.error as error:
                raise FetchFailed("The server's answer is not packed as it says.") from error
            piece = self._member.unused_data
        return bytes(found)

    @property
    def eof(self) -> bool:
        """Whether the last member is whole."""
        return self._member.eof


def too_large(most: int) -> UrlTooLarge:
    """The error for a body of more than ``most`` bytes."""
    allowed = f"{most / 1_000_000:g} MB" if most >= 1_000_000 else f"{most / 1000:g} kB"
    return UrlTooLarge(f"What is at this address is larger than {allowed}.")
