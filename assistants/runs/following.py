"""Follow a run from any point, in any process: what the log has, then what happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, cast

from assistants.models import Run, RunEvent
from assistants.runs.active import ActiveRun
from assistants.runs.events import Event, EventType
from assistants.runs.runner import runner
from tenants.database import in_database

POLL_EVERY = 0.25  # seconds; only followers of a run that another process executes poll
POLL_WAITING_EVERY = 1.0  # seconds; a person takes longer
PAGE = 500  # events read at once


async def follow(run_id: Any, after: int = 0, active: ActiveRun | None = None) -> AsyncGenerator[Event]:
    """The run's events with a sequence number above ``after``, until its last one.

    A run of this process (``active``, where the caller has it) is followed in memory; only what came before it is
    read, and what comes when another process goes on with it. A stream ends where the run waits for a person now; where
    it has waited once and gone on since, the stream goes on, too. Whoever follows a waiting run from that point hears
    nothing until it goes on.
    """
    told = ""  # the type of the latest event of this stream
    while True:
        active = active or runner.active(run_id)
        if active is not None and after >= active.begins_after and active.has_more_after(after):
            async for event in active.follow(after):
                after = event.sequence
                yield event
            if not active.has_moved:
                return
        active = None
        events, status = await in_database(_read, run_id, after)
        for event in events:
            after, told = event.sequence, event.type
            yield event
            if event.is_final and told != "run.waiting":
                return
        waits = status == Run.Status.WAITING
        if waits and told == "run.waiting":
            return
        if not events:
            if status not in Run.ACTIVE:
                return
            await asyncio.sleep(POLL_WAITING_EVERY if waits else POLL_EVERY)


def _read(run_id: Any, after: int) -> tuple[list[Event], str | None]:
    status = Run.objects.filter(pk=run_id).values_list("status", flat=True).first()
    rows = RunEvent.objects.filter(run=run_id, sequence__gt=after).order_by("sequence")[:PAGE]
    # In this order: a run that ends between the two reads has its last event in the second.
    return [Event(row.sequence, cast(EventType, row.type), row.payload) for row in rows], status
