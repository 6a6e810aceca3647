"""Runs turns. A run belongs to the server and not to the connection: a client that goes away changes nothing."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from assistants.runs.active import ActiveRun
from assistants.runs.execute import CANCELLED, HANDOVER, Outcome, execute
from assistants.runs.turns import Turn
from tenants.context import require_tenant
from tenants.errors import Unavailable

MOST_EARLY = 1000  # runs that were cancelled and are not here: most are another process'
DRAIN_TIMEOUT = 30.0  # seconds that running answers get when the server stops


class ServerStopping(Unavailable):
    """This server is being stopped. Send the request again in a moment."""

    code = "server_stopping"


RunName = tuple[str, str]
"""The schema and the id of a run as text. The id alone may be two tenants', where a project's keys are numbers."""


def _name_of(run_id: Any) -> RunName:
    return require_tenant().schema_name, str(run_id)


class Runner:
    """The runs of this process."""

    def __init__(self) -> None:
        self._running: dict[RunName, tuple[ActiveRun, asyncio.Task[Outcome]]] = {}
        self._cancelled_early: deque[RunName] = deque(maxlen=MOST_EARLY)
        self._draining = False
        self._beginning = 0  # runs that are being stored, and not begun yet
        self._none_begins: asyncio.Event | None = None  # what a server that stops waits for

    @contextmanager
    def beginning(self, *, is_new: bool = True) -> Iterator[None]:
        """Around all that begins a run, from before anything is written until ``start``: a server that stops waits for
        it. Raises ``ServerStopping`` when no new run may begin here."""
        if is_new and self._draining:
            raise ServerStopping
        self._beginning += 1
        try:
            yield
        finally:
            self._beginning -= 1
            if self._none_begins is not None and not self._beginning:
                self._none_begins.set()

    @property
    def is_draining(self) -> bool:
        """True while the server is being stopped."""
        return self._draining

    def start(self, turn: Turn, run: ActiveRun | None = None) -> ActiveRun:
        """Begin the turn's run in a task of its own, in the caller's tenant context."""
        run = run or ActiveRun()
        task = asyncio.create_task(execute(turn, run), name=f"run {turn.run_id}")
        key = _name_of(turn.run_id)
        self._running[key] = (run, task)
        task.add_done_callback(lambda task: self._forget(key, task))
        if key in self._cancelled_early:
            self._cancelled_early.remove(key)
            asyncio.get_running_loop().call_soon(self._stop, key, CANCELLED)
        return run

    def active(self, run_id: Any) -> ActiveRun | None:
        """The run, if this process executes it."""
        found = self._running.get(_name_of(run_id))
        return found[0] if found else None

    def cancel(self, run_id: Any) -> bool:
        """Stop the tenant's run because a person said so; what was said until then is kept. False: it is not here."""
        return self.cancel_named(_name_of(run_id))

    def cancel_named(self, name: RunName) -> bool:
        """``cancel`` for a run of any tenant. One that is stored but not begun yet is stopped when it begins."""
        if self._stop(name, CANCELLED):
            return True
        self._cancelled_early.append(name)
        return False

    async def drain(self) -> None:
        """Begin no more runs, and let those under way finish; those that take longer are left to another process."""
        self._draining = True
        deadline = time.monotonic() + DRAIN_TIMEOUT
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_TIMEOUT):
                await self._all_begun()
        tasks = {task for _, task in self._running.values()}
        if tasks:
            await asyncio.wait(tasks, timeout=max(0.0, deadline - time.monotonic()))
        for key in list(self._running):
            self._stop(key, HANDOVER)
        tasks |= {task for _, task in self._running.values()}  # with those that came too late to be waited for
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _all_begun(self) -> None:
        """Return when every run that is being stored has begun, or was refused."""
        if self._beginning:
            self._none_begins = asyncio.Event()
            await self._none_begins.wait()

    def reopen(self) -> None:
        """Take runs again: a server has started in this process."""
        self._draining = False

    def _forget(self, key: RunName, task: asyncio.Task[Outcome]) -> None:
        """Leave out a task that has ended. Its run may have waited, and gone on in another task since."""
        found = self._running.get(key)
        if found is not None and found[1] is task:
            del self._running[key]

    def _stop(self, key: RunName, why: str) -> bool:
        found = self._running.get(key)
        if found is None:
            return False
        run, task = found
        # Asked twice (by the request and by NOTIFY, say), it must not break off what the first has set going: the
        # answer would be lost, and its followers would wait for ever.
        if (why == HANDOVER and run.is_ending) or not (run.is_ending or run.stopped_by):
            run.stopped_by = run.stopped_by or why
            task.cancel()
        return True


runner = Runner()
