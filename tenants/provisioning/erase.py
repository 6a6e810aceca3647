"""Take a tenant's schema away, and say exactly what was in it."""

from __future__ import annotations

from typing import TypedDict

from django.db import OperationalError, connection
from psycopg.errors import DeadlockDetected, LockNotAvailable

from tenants.db_backend.place import quoted
from tenants.errors import Conflict

LOCK_TIMEOUT = "10s"

# SHA-256 over the SHA-256 of each row's text. In 256 parts and sorted, so that the order of rows does not matter and
# no value grows beyond what PostgreSQL can hold.
_CHECKSUM = """
    SELECT coalesce(sum(lines), 0)::bigint,
        encode(sha256(coalesce(string_agg(digest, ''::bytea ORDER BY part), '')), 'hex')
    FROM (
        SELECT get_byte(digest, 0) AS part, count(*) AS lines,
            sha256(string_agg(digest, ''::bytea ORDER BY digest)) AS digest
        FROM (SELECT sha256(convert_to(line::text, 'UTF8')) AS digest FROM {table} AS line) AS digests
        GROUP BY get_byte(digest, 0)
    ) AS parts
"""


class Contents(TypedDict):
    """What a table held: how many rows, and the checksum of all of them."""

    rows: int
    sha256: str


class TenantBusy(Conflict):
    """Somebody is working in this tenant. Suspend it, wait a moment and try again."""

    code = "tenant_busy"


def erase_schema(schema_name: str) -> dict[str, Contents]:
    """Drop the schema in the running transaction; returns what each of its tables held.

    Nobody writes between the count and the drop: the tables are locked first. Raises ``TenantBusy`` when they cannot
    be locked within ``LOCK_TIMEOUT``.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(%s) AND relkind IN ('r', 'p')"
            " ORDER BY relname",
            [quoted(schema_name)],
        )
        names = [name for (name,) in cursor.fetchall()]
        tables = {name: f"{quoted(schema_name)}.{quoted(name)}" for name in names}
        try:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
            if tables:
                cursor.execute(f"LOCK TABLE {', '.join(tables.values())} IN ACCESS EXCLUSIVE MODE")
            contents = {name: contents_of(table) for name, table in tables.items()}
            cursor.execute(f"DROP SCHEMA IF EXISTS {quoted(schema_name)} CASCADE")
        except OperationalError as error:
            if isinstance(error.__cause__, LockNotAvailable | DeadlockDetected):
                raise TenantBusy from error
            raise
    return contents


def contents_of(table: str) -> Contents:
    """Rows and checksum of a table, which is given as SQL names it."""
    with connection.cursor() as cursor:
        cursor.execute(_CHECKSUM.format(table=table))
        rows, checksum = cursor.fetchone()
    return {"rows": rows, "sha256": checksum}
