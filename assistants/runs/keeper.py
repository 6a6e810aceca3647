"""Keeps this process' runs alive in the eyes of the others, and takes over those of processes that died.

A process says every few seconds that it lives, in one statement for all of its runs. A lease that has not been renewed
for a while belongs to nobody: the process that takes it (``FOR UPDATE SKIP LOCKED``: only one does) resumes the run, or
ends it as failed with what it had.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import Error, connection

from assistants.models import RunLease
from assistants.runs.process import process_id
from tenants.context import active_schema, public_context
from tenants.database import in_database

log = logging.getLogger(__name__)

BEAT_EVERY = 3.0  # seconds
DEAD_AFTER = 12.0  # seconds without a beat
MOST_AT_ONCE = 20  # runs that a process takes over at one beat

NOBODY = UUID(int=0)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

_TAKE = """
    UPDATE {table} SET owner = %s, heartbeat_at = now(), attempts = attempts + 1
    WHERE id IN (
        SELECT id FROM {table} WHERE heartbeat_at < now() - make_interval(secs => %s)
        ORDER BY heartbeat_at LIMIT %s FOR UPDATE SKIP LOCKED
    )
    RETURNING schema_name, run_id, attempts, resumable
"""


@dataclass(frozen=True)
class Orphan:
    """A run whose process died, and that this process has taken."""

    schema_name: str
    run_id: str
    attempts: int
    resumable: bool


class Keeper:
    """A process' beat."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to beat, in the running event loop."""
        self._task = asyncio.create_task(self._run(), name="atrium-keeper")

    async def stop(self) -> None:
        """Stop beating."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        from assistants.runs.recovery import recover

        while True:
            try:
                for orphan in await in_database(beat):
                    await recover(orphan)
            except Error as error:
                log.warning("a heartbeat was missed", extra={"error": type(error).__name__})
            except Exception:  # one run that cannot be taken over must not stop the beat
                log.exception("a run could not be taken over")
            await asyncio.sleep(BEAT_EVERY)


def beat(dead_after: float = DEAD_AFTER) -> list[Orphan]:
    """Renew this process' leases, and take those that nobody renews."""
    table = connection.ops.quote_name(RunLease._meta.db_table)
    with public_context(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET heartbeat_at = now() WHERE owner = %s", [process_id()])  # noqa: S608
        cursor.execute(_TAKE.format(table=table), [process_id(), dead_after, MOST_AT_ONCE])
        return [Orphan(*row) for row in cursor.fetchall()]


def let_go(run_id: Any = None) -> None:
    """Give up this process' leases, or that of one run of the tenant: some process takes them at its next beat."""
    schema_name = active_schema().schema_name
    with public_context():
        leases = RunLease.objects.filter(owner=process_id())
        if run_id is not None:
            leases = leases.filter(schema_name=schema_name, run_id=str(run_id))
        leases.update(heartbeat_at=LONG_AGO, owner=NOBODY)
