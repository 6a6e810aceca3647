"""Something of each tenant that was read from its rows, kept in the process for as long as it hears of changes.

A trigger on the tables notifies a channel with the schema's name, whoever changes them: a form, a bulk statement, SQL
by hand. Signals tell the process that makes the change even before its next line. A process that does not listen (a
script, a shell, a worker), or has lost its connection, keeps nothing and reads each time; so does work inside a
transaction, which must see what it has written and nobody else has. What is kept has no age of its own: with 1,000
tenants, reading each anew every half minute cost a third of all requests several statements. Signs of life of the
connection bound how long a process could be wrong whose connection went silent (``tenants/notifications.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from django.db import connection, transaction

from tenants.context import current_tenant, require_tenant
from tenants.database import in_database
from tenants.notifications import Keeps
from tenants.sync_bridge import waiting_thread

MOST_TENANTS = 2000  # for which something is kept at a time

T = TypeVar("T")
Version = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    """What was read, and what was known of changes when the reading began."""

    value: T
    version: Version


class KeptByTenant(Keeps, Generic[T]):
    """Tenant -> what ``read`` reads of the current one, for this process."""

    def __init__(self, read: Callable[[], T]) -> None:
        super().__init__()
        self._read = read
        self._kept: dict[str, _Kept[T]] = {}
        self._changes: dict[str, int] = {}
        self._changes_of_all = 0

    def now(self) -> T:
        """The current tenant's, as it is now. A query, unless it is kept. Raises ``NoTenant``."""
        kept = self.kept()
        return self._load() if kept is None else kept

    async def anow(self) -> T:
        """``now`` from the event loop."""
        kept = self.kept()
        return await in_database(self._load) if kept is None else kept

    def kept(self) -> T | None:
        """The current tenant's, where it is known without a query."""
        schema = require_tenant().schema_name
        kept = self._kept.get(schema)
        if kept is None or kept.version != self._version(schema):
            return None
        return kept.value if self._hears and not _in_transaction() else None

    def _load(self) -> T:
        schema = require_tenant().schema_name
        version = self._version(schema)
        value = self._read()
        if self._hears and not _in_transaction():
            if len(self._kept) >= MOST_TENANTS:
                self._kept.clear()
            self._kept[schema] = _Kept(value, version)
        return value

    def forget(self, schema_name: str = "") -> None:
        """Something changed for a tenant, or ("") for any: read again at the next question, also what is being read
        right now."""
        if schema_name:
            self._changes[schema_name] = self._changes.get(schema_name, 0) + 1
        else:
            self._changes_of_all += 1

    def changed_here(self, **_: Any) -> None:
        """The current tenant's rows were changed by this process: read them again when that is committed. A receiver
        of signals, and to be called after a statement that sends none (``update``)."""
        tenant = current_tenant()
        if tenant is not None:
            transaction.on_commit(partial(self.forget, tenant.schema_name))

    def _version(self, schema: str) -> Version:
        return self._changes_of_all, self._changes.get(schema, 0)


def _in_transaction() -> bool:
    waiting = waiting_thread()
    return waiting.in_transaction if waiting is not None else bool(connection.in_atomic_block)
