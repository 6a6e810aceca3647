"""Which tenant answers at a host: a map in the process, told of changes.

Asking the database at every request would cost a query and a thread hop (1.4 ms of CPU, measured) for something that
changes a few times a day. The map is loaded once and dropped when somebody says that tenants or hosts changed:
PostgreSQL's NOTIFY from a trigger on both tables reaches every process (``tenants/notifications.py``), and a signal
reaches this process at once. In a process that does not listen (a script, a worker) it is good for ``MAX_AGE``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save

from tenants.context import TenantRef, public_context
from tenants.database import in_database
from tenants.notifications import Keeps

CHANNEL = "atrium_hosts"
PROOF_PATH = "/.well-known/atrium-host"
"""Where a host that waits to be verified answers with its token (``tenants/use_cases/hosts.py``)."""
MAX_AGE = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What was read, when, and how many changes were known when the reading began."""

    tenants: Mapping[str, TenantRef]
    waiting: Mapping[str, str]  # host -> its token
    at: float
    version: int


class HostMap(Keeps):
    """Host name -> tenant, for this process."""

    def __init__(self) -> None:
        super().__init__()
        self._loaded: _Loaded | None = None
        self._version = 0

    async def find(self, host: str) -> TenantRef | None:
        """The tenant at ``host`` (without a port), or None. A query only after a change."""
        return (await self._now()).tenants.get(host)

    async def token_of(self, host: str) -> str | None:
        """What ``host`` answers to be verified, if it waits for that."""
        return (await self._now()).waiting.get(host)

    def find_now(self, host: str) -> TenantRef | None:
        """The same for synchronous callers."""
        return (self._fresh() or self._load()).tenants.get(host)

    def forget(self, schema_name: str = "") -> None:
        """Tenants or hosts changed: the whole map is read again at the next request, also when one is just read."""
        self._version += 1

    async def _now(self) -> _Loaded:
        loaded = self._fresh()
        return await in_database(self._load) if loaded is None else loaded

    def _fresh(self) -> _Loaded | None:
        loaded = self._loaded
        if loaded is None or loaded.version != self._version:
            return None
        return loaded if self._hears or time.monotonic() - loaded.at < MAX_AGE else None

    def _load(self) -> _Loaded:
        from tenants.models import Domain

        at, version = time.monotonic(), self._version
        with public_context():
            rows = list(Domain.objects.select_related("tenant"))
        tenants = {row.domain: row.tenant.as_ref(domain_url=row.domain) for row in rows if row.is_verified}
        waiting = {row.domain: row.waiting_token for row in rows if not row.is_verified}
        loaded = _Loaded(tenants, waiting, at, version)
        self._loaded = loaded
        return loaded


host_map = HostMap()


def connect_signals() -> None:
    """Drop the map when this process changes a tenant or a host."""
    from tenants.models import Domain, Tenant

    for model in (Tenant, Domain):
        for signal in (post_save, post_delete):
            signal.connect(_changed, sender=model, dispatch_uid=f"atrium-hosts-{model.__name__}-{id(signal)}")


def _changed(**_: Any) -> None:
    transaction.on_commit(host_map.forget)
