"""How much of a request's body is kept: no client may fill the disk with what nobody will read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from django.conf import settings

from tenants.errors import TooLarge

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
_READ_ON = 2  # times the limit: a client that sends a little too much reads why, as it has sent all of it


class LimitedBody:
    """Receives a request's body, and keeps nothing of it beyond the limit. ``size`` is what has come, in bytes."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self.size = 0

    async def __call__(self) -> Message:
        """The next message; without a body, once there is too much of it."""
        message = await self._receive()
        self.size += len(message.get("body", b""))
        if not self.is_over:
            return message
        ends = self.size > _READ_ON * self._limit
        return {**message, "body": b"", **({"more_body": False} if ends else {})}

    @property
    def is_over(self) -> bool:
        """More has come than may."""
        return self.size > self._limit


def limit_of(scope: Mapping[str, Any]) -> int:
    """Bytes that the body of this request may have: files are sent in forms of several parts."""
    kinds = [value for name, value in scope["headers"] if name == b"content-type"]
    if any(kind.lower().startswith(b"multipart/") for kind in kinds):
        return settings.ATRIUM_UPLOAD_MB * 1024**2
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def too_large(limit: int) -> TooLarge:
    """What a client is told."""
    hint = " Send fewer files at once." if limit > settings.DATA_UPLOAD_MAX_MEMORY_SIZE else ""
    return TooLarge(f"The body of this request may have at most {limit // 1024**2} MB.{hint}")
