"""Work outside of the connection pool: what changes schemas must not share a connection with anything else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection

from tenants.errors import Conflict
from tenants.notifications import connection_parameters

_LOCK = 0x41545249554D4D  # "ATRIUMM": migrations of this database


class MigrationsRunning(Conflict):
    """Another run of migrations is under way on this database. Wait until it has ended."""

    code = "migrations_running"


@contextmanager
def without_pool() -> Iterator[None]:
    """Let this thread's Django connection be one of its own inside the block."""
    connection.close()
    pooled = connection.settings_dict
    own = {name: value for name, value in pooled["OPTIONS"].items() if name != "pool"}
    connection.settings_dict = {**pooled, "OPTIONS": own}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = pooled


@contextmanager
def migration_lock() -> Iterator[None]:
    """Be the only run of migrations on this database. A process that dies gives the lock up with its connection.

    Raises ``MigrationsRunning``.
    """
    with psycopg.connect(**connection_parameters(), autocommit=True) as holding:
        row = holding.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone()
        if row is None or not row[0]:
            raise MigrationsRunning
        yield
