"""When an API key was last used: remembered in the process, written by and by.

A request that waits for this to be written, or a write for each request, would cost more than it is worth to know.
Each process writes what it has seen once a minute and when it ends, one statement a tenant.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from datetime import datetime

from django.db import DatabaseError
from django.db.models import DateTimeField, Value
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from tenants.context import TenantRef, tenant_context
from tenants.database import in_database
from tenants.models import ApiKey

WRITTEN_EVERY = 60.0  # seconds

log = logging.getLogger(__name__)


class KeyUse:
    """The uses of keys that are not written yet, in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[TenantRef, dict[int, datetime]]] = {}

    def note(self, tenant: TenantRef, key_id: int) -> None:
        """The tenant's key is being used now. No query."""
        with self._lock:
            self._seen.setdefault(tenant.schema_name, (tenant, {}))[1][key_id] = timezone.now()

    def write(self) -> None:
        """Store what was noted. A tenant that cannot be written to loses no other's; its uses are forgotten."""
        with self._lock:
            seen, self._seen = self._seen, {}
        for tenant, uses in seen.values():
            try:
                with tenant_context(tenant):
                    _store(uses)
            except DatabaseError:  # a tenant that is gone, say
                log.warning("the last use of keys could not be stored", exc_info=True, extra=_of(tenant))


def _store(uses: dict[int, datetime]) -> None:
    """One moment for all: the latest. It is right to the minute, as ``WRITTEN_EVERY`` says."""
    latest = Value(max(uses.values()), output_field=DateTimeField())
    ApiKey.objects.filter(pk__in=uses).update(last_used_at=Greatest(Coalesce("last_used_at", latest), latest))


def _of(tenant: TenantRef) -> dict[str, str]:
    return {"tenant": tenant.schema_name}


key_use = KeyUse()


class KeyUseWriter:
    """Writes ``key_use`` while a server process lives."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, on the running loop."""
        self._task = asyncio.create_task(self._go_on(), name="atrium-key-use")

    async def stop(self) -> None:
        """Write the rest, and end."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await in_database(key_use.write)

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(WRITTEN_EVERY)
            try:
                await in_database(key_use.write)
            except DatabaseError:
                log.warning("the last use of keys could not be stored", exc_info=True)
