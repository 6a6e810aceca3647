"""Waiting for something that another process or task brings about."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

PATIENCE = 20.0  # seconds until a test gives up; it is over as soon as what it waits for is there
# Less than the 30 s after which a server looks again at what it keeps: tests show that it has been told before.


async def until(happened: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until ``happened()``; fail with ``what`` did not happen when patience ends."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not await happened():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"it did not happen that {what}") from None
