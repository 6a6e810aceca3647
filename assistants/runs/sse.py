"""Events as Server-Sent Events (WHATWG HTML, section 9.2)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Generic, TypeVar

from assistants.runs.events import Event

T = TypeVar("T")

PING_EVERY = 15.0  # seconds of silence, after which proxies might cut the connection
PING = b": ping\n\n"
MOST_AHEAD = 100  # parts that wait for a slow client, before no more are read
HEADERS = {
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",  # a reverse proxy must pass each event on at once
}
CONTENT_TYPE = "text/event-stream"


def frame(event: Event) -> bytes:
    """One event's frame: id, type and one line of JSON, with its keys in order: live or read from the log, an event
    is the same to the byte."""
    data = json.dumps(event.payload, ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=str)
    return f"id: {event.sequence}\nevent: {event.type}\ndata: {data}\n\n".encode()


def frames(events: AsyncIterator[Event]) -> AsyncGenerator[bytes]:
    """Frames of the events, with a comment in between when nothing happens for a while."""
    return kept_open(events, frame)


async def kept_open(parts: AsyncIterator[T], write: Callable[[T], bytes]) -> AsyncGenerator[bytes]:
    """The parts as ``write`` writes them, with a comment in between when nothing happens for a while.

    Parts that are there at the same time are sent together.
    """
    reader = _Reader(parts)
    try:
        while (arrived := await reader.take()) is not None:
            yield b"".join(map(write, arrived)) or PING
    finally:
        reader.stop()


class _Reader(Generic[T]):
    """Reads parts in one task, a little ahead of whoever takes them. A task and a time-out for each part would cost
    as much as all the rest of sending it."""

    def __init__(self, parts: AsyncIterator[T]) -> None:
        self._parts = parts
        self._arrived: list[T] = []
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._task = asyncio.create_task(self._read())
        self._task.add_done_callback(lambda _: self._news.set())

    async def take(self) -> list[T] | None:
        """What has arrived; nothing after ``PING_EVERY`` of silence; None at the end. Raises what reading raised."""
        if not self._arrived and not self._task.done():
            timer = asyncio.get_running_loop().call_later(PING_EVERY, self._news.set)
            await self._news.wait()
            timer.cancel()
        if not self._arrived and self._task.done():
            return self._task.result()
        self._news.clear()
        self._room.set()
        arrived, self._arrived = self._arrived, []
        return arrived

    def stop(self) -> None:
        """Read no more."""
        self._task.cancel()

    async def _read(self) -> None:
        async for part in self._parts:
            self._arrived.append(part)
            self._news.set()
            if len(self._arrived) >= MOST_AHEAD:
                self._room.clear()
                await self._room.wait()
