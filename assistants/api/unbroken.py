"""Work that a request has begun, done to its end though the client may go away in the middle."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_under_way: set[asyncio.Task[Any]] = set()  # asyncio itself keeps no task alive


async def unbroken(work: Coroutine[Any, Any, T]) -> T:
    """Await the work. Whoever awaits may be cancelled; the work goes on.

    Django cancels a view when its client disconnects. Between the statement that stores a run and the call that starts
    it, that would leave a run that this living process holds and nobody executes: "running" for ever.
    """
    task = asyncio.create_task(work)
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    return await asyncio.shield(task)
