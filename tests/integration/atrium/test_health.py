"""``/healthz`` says that the process is alive, ``/readyz`` that it can serve, and if not, what is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection, connections
from django.utils import timezone

from assistants.models import TenantFigures
from assistants.use_cases.tally import note_migrations
from atrium import health
from tenants.context import public_context, tenant_context
from tenants.database import give_connections_back, in_database
from tenants.tasks import tenant_task
from tests.waiting import until

ALL_WELL = {"database": True, "migrations": True, "queue": True}
NONE_BEHIND = {"tenants_behind": 0}


@tenant_task(name="tests.health.wait", queue="tests.health")
def wait_for_nobody() -> None:
    """No worker runs this: the tests look at the queue."""


@pytest.mark.parametrize("host", ["acme.localhost", "localhost", "nobody.localhost", "10.0.0.7"])
async def test_it_answers_on_any_host_without_signing_in(server, host):
    client = server.client(host)
    alive, ready = await client.get("/healthz"), await client.get("/readyz")
    assert (alive.status_code, alive.json()) == (200, {"status": "alive"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "checks": ALL_WELL, **NONE_BEHIND})


# -- the queue


@pytest.fixture
def defer(acme) -> Iterator:
    """Queues a job that has waited for so many seconds, and may not run before so many have passed."""

    def in_the_past(waited: float, not_before: float | None = None) -> None:
        with tenant_context(acme.ref):
            job = wait_for_nobody.defer()
        with public_context(), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE procrastinate_events SET at = now() - make_interval(secs => %s) WHERE job_id = %s",
                [waited, job],
            )
            if not_before is not None:
                cursor.execute(
                    "UPDATE procrastinate_jobs SET scheduled_at = now() + make_interval(secs => %s) WHERE id = %s",
                    [not_before, job],
                )

    yield in_the_past
    with public_context(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE queue_name = 'tests.health'")


@pytest.mark.parametrize(
    ("waited", "not_before", "moves"),
    [
        (1, None, True),
        (health.QUEUE_STALLED_AFTER + 60, None, False),
        (health.QUEUE_STALLED_AFTER + 60, 60, True),  # it is to wait: a retry in the future
        (health.QUEUE_STALLED_AFTER + 60, -1, True),  # its time came a moment ago
        (health.QUEUE_STALLED_AFTER + 60, -health.QUEUE_STALLED_AFTER - 60, False),
    ],
)
async def test_it_is_not_ready_when_a_job_that_could_run_waits_for_too_long(server, defer, waited, not_before, moves):
    await in_database(defer, waited, not_before)
    response = await server.client("acme.localhost").get("/readyz")
    assert response.json()["checks"] == {**ALL_WELL, "queue": moves}
    assert response.status_code == (200 if moves else 503)


# -- migrations


@pytest.fixture
def newer_code(database_url) -> Iterator[None]:
    """As if the code had one more migration than the database."""
    with psycopg.connect(database_url, autocommit=True) as other:
        last = "FROM django_migrations WHERE app = 'rag' ORDER BY id DESC LIMIT 1"
        row = other.execute(f"DELETE FROM django_migrations WHERE id = (SELECT id {last}) RETURNING *").fetchone()
        yield
        other.execute("INSERT INTO django_migrations (id, app, name, applied) VALUES (%s, %s, %s, %s)", row)


async def test_it_is_not_ready_while_a_migration_is_waiting(server, newer_code):
    response = await server.client("acme.localhost").get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"] == {"database": True, "migrations": False, "queue": False}


async def test_it_says_how_many_tenants_lack_a_migration_and_serves_the_others(server, acme):
    def count(behind: list[str], current: list[str]) -> None:
        with public_context():
            TenantFigures.objects.all().delete()
            rows = [TenantFigures(schema_name=name, counted_at=timezone.now()) for name in (*behind, *current)]
            TenantFigures.objects.bulk_create(rows)
        note_migrations(current, behind)

    async def ready() -> tuple[int, object]:
        answer = await server.client("acme.localhost").get("/readyz")
        return answer.status_code, answer.json()["tenants_behind"]

    try:
        await in_database(count, ["acme"], ["globex"])
        assert await ready() == (200, 1)
        await in_database(note_migrations, ["acme", "globex"], [])
        assert await ready() == (200, 0)
    finally:
        await in_database(count, [], [])


# -- the database


@pytest.fixture
def database_switch(database_url, server) -> Iterator:
    """Turns the database off (nobody may connect, who is connected is thrown out) and on."""
    address = psycopg.conninfo.conninfo_to_dict(database_url)
    name = address["dbname"]

    def switch(on: bool) -> None:
        with psycopg.connect(**{**address, "dbname": "postgres"}, autocommit=True) as maintenance:
            maintenance.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {str(on).lower()}')
            if not on:
                maintenance.execute(
                    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s", [name]
                )

    yield switch
    switch(True)
    give_connections_back()
    connections["default"].close_pool()  # what is in it was thrown out


async def test_it_is_alive_and_not_ready_without_a_database_and_ready_when_that_is_back(
    server, database_switch, monkeypatch
):
    monkeypatch.setattr(health, "TIMEOUT", 0.5)
    client = server.client("acme.localhost")
    assert (await client.get("/readyz")).status_code == 200
    database_switch(False)
    for _ in range(3):
        response = await client.get("/readyz")
        assert response.status_code == 503
        checks = dict.fromkeys(ALL_WELL, False)
        assert response.json() == {"status": "not ready", "checks": checks, "tenants_behind": None}
    assert (await client.get("/healthz")).status_code == 200
    database_switch(True)

    async def ready() -> bool:
        return (await client.get("/readyz")).status_code == 200

    await until(ready, "the server is ready again")


async def test_no_request_fails_when_the_database_was_restarted_between_two_of_them(server, acme, database_switch):
    client = server.signed_in(acme)
    await asyncio.gather(*(client.get("/api/threads/") for _ in range(30)))  # many connections in the pool
    database_switch(False)
    database_switch(True)
    assert [(await client.get("/api/threads/")).status_code for _ in range(30)] == [200] * 30
