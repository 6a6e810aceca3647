"""A stream that is kept open: parts as they come, a sign of life in silence, and never far ahead of its client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from assistants.runs import sse
from tests.waiting import PATIENCE

PARTS = [str(number).encode() for number in range(1000)]


async def spoken(parts: list[bytes], then: Exception | None = None) -> AsyncGenerator[bytes]:
    for part in parts:
        yield part
    if then is not None:
        raise then


async def test_all_parts_come_in_order_and_those_that_are_there_together_are_sent_together():
    sent = [frames async for frames in sse.kept_open(spoken(PARTS), bytes)]
    assert b"".join(sent) == b"".join(PARTS)
    assert len(sent) <= len(PARTS) // sse.MOST_AHEAD + 1


async def test_what_was_said_before_a_failure_is_sent_before_it_is_raised():
    stream = sse.kept_open(spoken(PARTS[:3], ValueError("broken")), bytes)
    assert await anext(stream) == b"012"
    with pytest.raises(ValueError, match="broken"):
        await anext(stream)


async def test_silence_is_filled_with_comments_and_ends_with_the_next_part(monkeypatch):
    monkeypatch.setattr(sse, "PING_EVERY", 0.001)
    speak = asyncio.Event()

    async def slow() -> AsyncGenerator[bytes]:
        await speak.wait()
        yield b"at last"

    stream = sse.kept_open(slow(), bytes)
    assert [await anext(stream), await anext(stream)] == [sse.PING, sse.PING]
    speak.set()
    rest = [frames async for frames in stream]
    assert [frames for frames in rest if frames != sse.PING] == [b"at last"]


async def test_a_slow_client_is_read_for_only_so_far():
    read = 0

    async def counted() -> AsyncGenerator[bytes]:
        nonlocal read
        for part in PARTS:
            read += 1
            yield part

    stream = sse.kept_open(counted(), bytes)
    await anext(stream)
    for _ in range(10):
        await asyncio.sleep(0)
    assert read <= 2 * sse.MOST_AHEAD
    await stream.aclose()


async def test_a_client_that_leaves_ends_the_reading():
    left = asyncio.Event()

    async def endless() -> AsyncGenerator[bytes]:
        try:
            yield b"first"
            await asyncio.Event().wait()
        finally:
            left.set()

    stream = sse.kept_open(endless(), bytes)
    assert await anext(stream) == b"first"
    await stream.aclose()
    await asyncio.wait_for(left.wait(), PATIENCE)
