"""Where a database session stands: on which schema, and with whose rights.

The search path says what a name without a schema means; the role says what may be read at all. A tenant's role
(``tenants/provisioning/roles.py``) may read that tenant's schema and no other: code that names a neighbour's table
gets a permission error, and not its rows. It stops mistakes of ours. Who can inject SQL can also say ``RESET ROLE``.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any, NamedTuple

import psycopg
from psycopg.pq import TransactionStatus

from tenants.context import PUBLIC_SCHEMA

NOTED_PLACE = "atrium_place"
"""Attribute of a psycopg connection: the place that it was last brought to, outside of any transaction."""


OF_ITS_OWNER = "SECURITY DEFINER SET search_path = public, pg_temp"
"""What makes a function in ``public`` run with its owner's rights, whoever calls it."""


class Place(NamedTuple):
    """A schema and a role; without a role, the rights are the login role's."""

    schema_name: str
    role: str = ""

    @property
    def statement(self) -> str:
        """SQL that brings a session here, in one message."""
        path = ", ".join(quoted(part) for part in dict.fromkeys((self.schema_name, PUBLIC_SCHEMA)))
        enter = f"SET ROLE {quoted(self.role)}" if self.role else "RESET ROLE"
        return f"{enter}; SET search_path = {path}"


NOBODYS = Place(PUBLIC_SCHEMA)
"""Where a connection waits in the pool."""


@lru_cache(maxsize=4096)
def place_of(database: str, schema_name: str, walled: bool) -> Place:
    """The place for work on a schema; ``walled``: with no rights but those of its tenant."""
    if walled and schema_name != PUBLIC_SCHEMA:
        return Place(schema_name, role_name(database, schema_name))
    return Place(schema_name)


def role_name(database: str, schema_name: str) -> str:
    """A tenant's role. Roles belong to the whole server: the database's name, shortened, keeps those of two apart."""
    return f"{schema_name}.{hashlib.md5(database.encode(), usedforsecurity=False).hexdigest()[:8]}"


def leave(connection: Any) -> None:
    """Bring a connection back to nobody's place, before it goes back to the pool.

    By whoever gives it back: as the pool's own ``reset``, on the pool's threads, it takes twice the time. In the middle
    of a transaction nothing is done, as the pool rolls that back; the next one to take it goes by ``NOTED_PLACE``.
    """
    if getattr(connection, NOTED_PLACE, None) == NOBODYS:
        return
    setattr(connection, NOTED_PLACE, None)
    if connection.info.transaction_status != TransactionStatus.IDLE:
        return
    try:
        connection.autocommit = True
        connection.execute(NOBODYS.statement)
    except psycopg.OperationalError:  # it is broken: the pool throws it away
        return
    setattr(connection, NOTED_PLACE, NOBODYS)


def quoted(name: str) -> str:
    """An identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'
