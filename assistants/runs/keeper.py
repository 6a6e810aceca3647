"""Keeps this process' runs alive in the eyes of the others, and takes over those of processes that died.

A process says every few seconds that it lives, in one statement for all of its runs. A lease that has not been renewed
for a while belongs to nobody: the process that takes it (``FOR UPDATE SKIP LOCKED``: only one does) resumes the run, or
ends it as failed with what it had.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import Error, connection

from assistants.models import RunLease
from assistants.runs.held import LeaseKey, held, lose
from assistants.runs.process import process_id
from tenants.context import active_schema, public_context
from tenants.database import in_database

log = logging.getLogger(__name__)

MOST_AT_ONCE = 20  # runs that a process takes over at one beat

NOBODY = UUID(int=0)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

_RENEW = """
    UPDATE {table} SET heartbeat_at = now()
    WHERE owner = %s AND (schema_name, run_id) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
    RETURNING schema_name, run_id
"""

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
    """A process' beat. ``may_take`` is asked whether it takes over what others have left: not while it ends."""

    def __init__(self, may_take: Callable[[], bool] = lambda: True) -> None:
        self._may_take = may_take
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
        while True:
            try:
                await self._beat()
            except Error as error:
                log.warning("a heartbeat was missed", extra={"error": type(error).__name__})
            await asyncio.sleep(settings.ATRIUM_HEARTBEAT_EVERY)

    async def _beat(self) -> None:
        before = held()
        if before:
            lost = await in_database(renew, before)
            now = held()  # a run that waited for a person may have gone on meanwhile, with a lease of its own
            for key in lost:
                if now.get(key) is before[key]:
                    lose(key)
        if self._may_take():
            for orphan in await in_database(take):
                if self._may_take():  # else they are let go with all that this process holds
                    await _take_over(orphan)


async def _take_over(orphan: Orphan) -> None:
    """One run that cannot be taken over stops neither the beat nor the others: its lease grows old once more."""
    from assistants.runs.recovery import recover

    try:
        await recover(orphan)
    except Exception:
        log.exception("a run could not be taken over", extra={"run_id": orphan.run_id})


def renew(keys: Collection[LeaseKey]) -> set[LeaseKey]:
    """Renew these leases of this process. Returns those of them that are not its own any more."""
    with public_context(), connection.cursor() as cursor:
        schemas, runs = [key.schema_name for key in keys], [key.run_id for key in keys]
        cursor.execute(_RENEW.format(table=_table()), [process_id(), schemas, runs])
        return set(keys) - {LeaseKey(*row) for row in cursor.fetchall()}


def take() -> list[Orphan]:
    """Take the leases that nobody renews."""
    with public_context(), connection.cursor() as cursor:
        cursor.execute(_TAKE.format(table=_table()), [process_id(), settings.ATRIUM_DEAD_AFTER, MOST_AT_ONCE])
        return [Orphan(*row) for row in cursor.fetchall()]


def _table() -> str:
    return connection.ops.quote_name(RunLease._meta.db_table)


def let_go(run_id: Any = None) -> None:
    """Give up this process' leases, or that of one run of the tenant: some process takes them at its next beat."""
    schema_name = active_schema().schema_name
    with public_context():
        leases = RunLease.objects.filter(owner=process_id())
        if run_id is not None:
            leases = leases.filter(schema_name=schema_name, run_id=str(run_id))
        leases.update(heartbeat_at=LONG_AGO, owner=NOBODY)
