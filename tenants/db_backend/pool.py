"""A pool that hands a tenant the connection that knows it.

A PostgreSQL backend keeps a description of every table and index that it has read, some 200 KB for a tenant, and reads
a tenant's at its first visit. psycopg's pool hands its connections out in turn, so that each comes to know all tenants:
as many times the memory as there are connections, and caches that are cold at most requests
(docs/decisions/0021-the-pool-knows-tenants.md).
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from tenants import context

KNOWN = "atrium_known"
"""Attribute of a psycopg connection: the schemas that work has used it for."""


class TenantPool(ConnectionPool[Connection[Any]]):
    """psycopg's pool, which asks the running context what a connection is wanted for."""

    def getconn(self, timeout: float | None = None) -> Connection[Any]:
        """A connection, of those that are free the one to suit the tenant in force. Raises ``PoolTimeout``."""
        connection = super().getconn(timeout)
        _known(connection).add(context.active_schema().schema_name)
        return connection

    def _get_ready_connection(self, timeout: float | None) -> Connection[Any] | None:
        # Called under the pool's lock, by the thread that wants a connection; the parent takes the first one. It is
        # the one hook that there is (psycopg-pool 3.2 and 3.3): a test fails if a later release no longer calls it.
        if len(self._pool) > 1:
            best = _most_suitable(self._pool, context.active_schema().schema_name)
            self._pool.remove(best)
            self._pool.appendleft(best)
        return super()._get_ready_connection(timeout)


def _most_suitable(free: Any, schema_name: str) -> Connection[Any]:
    """One that knows the schema, else one that knows few. Of equal ones the last given back, so that some fall idle and
    the pool can shrink."""
    return min(reversed(free), key=lambda each: (schema_name not in _known(each), len(_known(each))))


def _known(connection: Connection[Any]) -> set[str]:
    known: set[str] | None = getattr(connection, KNOWN, None)
    if known is None:
        known = set()
        setattr(connection, KNOWN, known)
    return known
