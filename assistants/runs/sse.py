"""Events as Server-Sent Events (WHATWG HTML, section 9.2)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import TypeVar

from assistants.runs.events import Event

T = TypeVar("T")

PING_EVERY = 15.0  # seconds of silence, after which proxies might cut the connection
PING = b": ping\n\n"
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
    """The parts as ``write`` writes them, with a comment in between when nothing happens for a while."""
    upcoming: asyncio.Future[T] | None = None
    try:
        while True:
            upcoming = upcoming or asyncio.ensure_future(anext(parts))  # type: ignore[arg-type]
            done, _ = await asyncio.wait({upcoming}, timeout=PING_EVERY)
            if not done:
                yield PING
                continue
            try:
                part = upcoming.result()
            except StopAsyncIteration:
                return
            upcoming = None
            yield write(part)
    finally:
        if upcoming is not None:
            upcoming.cancel()
