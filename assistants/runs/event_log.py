"""The event log, written while runs go on: in groups, a statement a tenant and tick.

A row a token would be thousands of rows and round trips. Events are coalesced before they come here
(``deltas.py``), wait here for a moment, and are stored together with those of all runs of the same tenant: with 300
answers at once, a tick is one statement for each tenant. A run that ends before its first tick costs none: its events
go with the statement that stores the answer.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable
from functools import cache
from typing import Any

from django.db import Error, connection

from assistants.models import RunEvent
from assistants.runs.events import Event
from tenants.context import TenantRef, tenant_context
from tenants.database import in_database

log = logging.getLogger(__name__)

TICK = 0.1  # seconds that an event waits at the most, so that others can join it
RETRY_AFTER = 0.5  # seconds, when the database does not answer

Entry = tuple[Any, Event]


class EventLog:
    """What is still to be stored, by tenant."""

    def __init__(self) -> None:
        self._waiting: dict[TenantRef, list[Entry]] = {}
        self._writers: dict[TenantRef, asyncio.Task[None]] = {}
        self._writing: dict[TenantRef, asyncio.Task[None]] = {}

    def keep(self, tenant: TenantRef, run_id: Any, event: Event) -> None:
        """Store the event at the next tick."""
        self._waiting.setdefault(tenant, []).append((run_id, event))
        if tenant not in self._writers:
            self._writers[tenant] = asyncio.create_task(self._write(tenant), name="atrium-event-log")

    async def take(self, tenant: TenantRef, run_id: Any) -> list[Event]:
        """The run's events that are not stored yet: the caller stores them, with the run's end."""
        await self._written(tenant)
        waiting = self._waiting.get(tenant, [])
        self._waiting[tenant] = [entry for entry in waiting if entry[0] != run_id]
        return [event for owner, event in waiting if owner == run_id]

    async def settle(self, tenant: TenantRef, run_id: Any) -> None:
        """Store the run's events now: another process goes on with it, and knows only of these."""
        events = await self.take(tenant, run_id)
        if events:
            await self._store(tenant, [(run_id, event) for event in events])

    async def stored(self, tenant: TenantRef, run_id: Any) -> None:
        """Return when the run's events so far are stored, however long the database is away."""
        while True:
            try:
                return await self.settle(tenant, run_id)
            except Error as error:
                log.warning("a run waits for the database", extra={"error": type(error).__name__})
                await asyncio.sleep(RETRY_AFTER)

    async def _write(self, tenant: TenantRef) -> None:
        try:
            await self._write_while_there_is_something(tenant)
        finally:  # also where the event loop ends, as that of a script does: the next one's events need a writer
            del self._writers[tenant]

    async def _write_while_there_is_something(self, tenant: TenantRef) -> None:
        await asyncio.sleep(TICK)
        await self._written(tenant)
        while entries := self._waiting.pop(tenant, []):
            try:
                await self._store(tenant, entries)
            except Error as error:
                log.warning("events wait for the database", extra={"error": type(error).__name__})
                await asyncio.sleep(RETRY_AFTER)
            if self._waiting.get(tenant):
                await asyncio.sleep(TICK)
            await self._written(tenant)

    async def _store(self, tenant: TenantRef, entries: list[Entry]) -> None:
        """One write at a time for a tenant: who follows in another process must not see an event before an earlier
        one. Whoever waits for it may be stopped, as a person may stop the run: the write goes on."""
        writing = self._writing[tenant] = asyncio.create_task(self._store_now(tenant, entries))
        await asyncio.shield(writing)

    async def _store_now(self, tenant: TenantRef, entries: list[Entry]) -> None:
        """What could not be stored waits again."""
        try:
            with tenant_context(tenant):
                await in_database(_store, entries)
        except Error:
            self._waiting[tenant] = entries + self._waiting.get(tenant, [])
            raise
        finally:
            del self._writing[tenant]

    async def _written(self, tenant: TenantRef) -> None:
        while (writing := self._writing.get(tenant)) is not None and not writing.done():
            await asyncio.wait([writing])


@cache
def _insert() -> str:
    """The rows come as one JSON document: writing them one by one was a third of what a token cost the event loop's
    process. A statement whose success was not heard of is sent again: what is there already is left as it is."""
    table = connection.ops.quote_name(RunEvent._meta.db_table)
    columns = ["run_id", "sequence", "type", "payload"]
    if _makes_own_keys():
        columns.insert(0, "id")
    named = ", ".join(columns)
    return (
        f"INSERT INTO {table} ({named}, created_at) SELECT {named}, clock_timestamp() "  # noqa: S608
        f"FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb) ON CONFLICT DO NOTHING"
    )


@cache
def _makes_own_keys() -> bool:
    """True for UUIDs, which are made with the row; numbers are the table's affair."""
    return RunEvent._meta.pk.has_default()


def _store(entries: Iterable[Entry]) -> None:
    rows = [
        {"run_id": str(run_id), "sequence": event.sequence, "type": event.type, "payload": event.payload}
        for run_id, event in entries
    ]
    if _makes_own_keys():
        for row in rows:
            row["id"] = str(RunEvent._meta.pk.get_default())
    with connection.cursor() as cursor:
        cursor.execute(_insert(), [json.dumps(rows, ensure_ascii=False, separators=(",", ":"))])


event_log = EventLog()
