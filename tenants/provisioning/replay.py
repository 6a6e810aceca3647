"""The same SQL for many schemas: over a few connections of our own, a transaction for each schema.

Each transaction locks the schema's list of migrations and looks whether the schema is still in the state that the SQL
was made for. So nothing is done twice, whoever else migrates, and nothing is done to a schema that is gone: without
that look, the search path would lead to ``public``.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import psycopg
from psycopg.errors import DeadlockDetected, LockNotAvailable

from tenants.db_backend.path import local_path
from tenants.db_backend.place import quoted
from tenants.notifications import connection_parameters

LOCK_TIMEOUT = "5s"  # a tenant that is busy for longer gets another turn
TURNS = 3
RECYCLE_AFTER = 200  # schemas: a backend's memory grows with each schema that it has seen

Report = Callable[[str, Exception | None], None]


def replay_for_all(script: str, schema_names: Sequence[str], digest: str, connections: int, report: Report) -> None:
    """Run ``script`` in each schema. ``report`` is called with each one's name, and its error if it failed.

    ``digest`` is of the state that the schemas must be in (``plans.Group.digest``). Not on a running event loop.
    """
    asyncio.run(_replay_for_all(script, schema_names, digest, connections, report))


async def _replay_for_all(script: str, names: Sequence[str], digest: str, connections: int, report: Report) -> None:
    waiting = deque(names)
    await asyncio.gather(*(_work(script, waiting, digest, report) for _ in range(min(connections, len(names)))))


async def _work(script: str, waiting: deque[str], digest: str, report: Report) -> None:
    while waiting:
        try:
            connection = await psycopg.AsyncConnection.connect(**connection_parameters(), autocommit=True)
        except psycopg.Error as error:
            if waiting:  # one that could not be tried; the next turn tries to connect again
                report(waiting.popleft(), error)
            continue
        async with connection:
            for _ in range(RECYCLE_AFTER):
                if not waiting or connection.closed:
                    break
                name = waiting.popleft()
                report(name, await _replay(connection, name, digest, script))


async def _replay(connection: psycopg.AsyncConnection, name: str, digest: str, script: str) -> Exception | None:
    for turn in range(1, TURNS + 1):
        try:
            async with connection.transaction():
                message = f"{_guard(name, digest)}{script}".encode()
                await connection.execute(message, prepare=False)
        except (LockNotAvailable, DeadlockDetected) as error:
            if turn == TURNS:
                return error
        except psycopg.Error as error:
            return error
        else:
            return None
    return None


def _guard(name: str, digest: str) -> str:
    own = quoted(name)
    state = "md5(coalesce(string_agg(app || '.' || name, ',' ORDER BY (app || '.' || name) COLLATE \"C\"), ''))"
    return f"""
        {local_path(name)};
        SET LOCAL lock_timeout = '{LOCK_TIMEOUT}';
        LOCK TABLE {own}.django_migrations IN SHARE ROW EXCLUSIVE MODE;
        DO $atrium$ BEGIN
            IF (SELECT {state} FROM {own}.django_migrations) <> '{digest}' THEN
                RAISE EXCEPTION 'somebody else has migrated this schema meanwhile: run the migrations again';
            END IF;
        END $atrium$;
    """  # noqa: S608
