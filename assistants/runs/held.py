"""The runs that this process works on: it renews their leases, and stops working when it has lost one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from assistants.runs.active import ActiveRun
from tenants.context import require_tenant

LOST = "lost"
"""Why a run is being stopped: another process has taken it, having held this one for dead."""


class LeaseKey(NamedTuple):
    """Whose run it is, as a lease names it."""

    schema_name: str
    run_id: str


_held: dict[LeaseKey, tuple[ActiveRun, asyncio.Task[Any]]] = {}


@contextmanager
def holding(run_id: Any, run: ActiveRun) -> Iterator[None]:
    """While the running task works on this run of the current tenant."""
    key = LeaseKey(require_tenant().schema_name, str(run_id))
    task = asyncio.current_task()
    assert task is not None
    _held[key] = run, task
    try:
        yield
    finally:
        _held.pop(key, None)


def held() -> dict[LeaseKey, ActiveRun]:
    """The leases to renew, each with its run. One that this process owns and does not work on is left to grow old:
    whoever stored it never came to begin, because its client left in that moment or the database was restarted."""
    return {key: run for key, (run, _) in _held.items()}


def lose(key: LeaseKey) -> None:
    """Stop working on the run, unless its answer is just being stored: then the lease decides (``runs/storage.py``)."""
    run, task = _held.get(key, (None, None))
    if run is not None and task is not None and not run.is_ending:
        run.stopped_by = LOST
        task.cancel()
