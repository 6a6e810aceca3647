"""Runs turns. A run belongs to the server and not to the connection: a client that goes away changes nothing."""

from __future__ import annotations

import asyncio

from assistants.runs.active import ActiveRun
from assistants.runs.execute import Outcome, execute
from assistants.runs.turns import Turn

DRAIN_TIMEOUT = 30.0  # seconds that running answers get when the server stops


class Runner:
    """The runs of this process."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Outcome]] = set()

    def start(self, turn: Turn) -> ActiveRun:
        """Begin the turn's run in a task of its own, in the caller's tenant context."""
        run = ActiveRun()
        task = asyncio.create_task(execute(turn, run), name=f"run {turn.run_id}")
        self._tasks.add(task)  # the loop itself keeps only a weak reference
        task.add_done_callback(self._tasks.discard)
        return run

    async def drain(self) -> None:
        """Wait for the runs under way; those that take longer are ended as failed, with what they have."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(set(self._tasks), timeout=DRAIN_TIMEOUT)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


runner = Runner()
