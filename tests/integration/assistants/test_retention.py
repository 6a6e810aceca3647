"""Events are kept for some days, keys of requests for one; runs and messages for as long as their thread."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from assistants.models import IdempotencyKey, Message, Run, RunEvent
from assistants.tasks import forget
from assistants.use_cases import retention
from atrium.worker import queue_periodic_jobs_by
from tenants.context import public_context
from tenants.database import in_database
from tenants.models import Tenant
from tests.played_model import PlayedModel
from tests.sse import read_events
from tests.waiting import until


async def ask(client, key: str = "a key") -> str:
    """The id of a run that has ended."""
    thread_id = (await client.post("/api/threads/", json={})).json()["id"]
    body = {"assistant_id": "docs_assistant", "content": "Why?"}
    asked = await client.post(f"/api/threads/{thread_id}/runs/", json=body, headers={"Idempotency-Key": key})
    return asked.json()["id"]


def age(days: float) -> None:
    """Everything of the current tenant ended so long ago."""
    then = timezone.now() - timedelta(days=days)
    Run.objects.exclude(finished_at=None).update(finished_at=then)
    IdempotencyKey.objects.update(created_at=then)


@pytest.fixture
def answering(use_model) -> PlayedModel:
    return use_model(PlayedModel(answers=["Because."]))


async def test_old_events_are_forgotten_and_the_run_and_its_messages_are_not(server, acme, answering):
    client = server.signed_in(acme)
    run_id = await ask(client)
    before = (await client.get(f"/api/runs/{run_id}/")).json()
    await acme.run(lambda: age(31))
    assert await acme.run(retention.forget_old_events) > 0
    assert not await acme.run(RunEvent.objects.exists)
    after = (await client.get(f"/api/runs/{run_id}/")).json()
    assert {**after, "finished_at": ""} == {**before, "finished_at": ""}
    assert await acme.run(Message.objects.count) == 2


async def test_a_run_whose_events_are_gone_says_so_before_any_byte(server, acme, answering):
    client = server.signed_in(acme)
    run_id = await ask(client)
    await acme.run(lambda: age(31))
    await acme.run(retention.forget_old_events)
    for headers in ({}, {"Last-Event-ID": "2"}):
        gone = await client.get(f"/api/runs/{run_id}/events/", headers=headers)
        assert (gone.status_code, gone.json()["code"]) == (410, "events_expired")
        assert gone.headers["Content-Type"].startswith("application/problem+json")
        assert gone.json()["run_id"] == run_id


async def test_younger_events_stay(server, acme, answering):
    client = server.signed_in(acme)
    run_id = await ask(client)
    await acme.run(lambda: age(29))
    assert await acme.run(retention.forget_old_events) == 0
    events = read_events((await client.get(f"/api/runs/{run_id}/events/")).text)
    assert events[-1].type == "run.done"


async def test_days_can_be_set_and_0_is_for_ever(server, acme, answering, settings):
    client = server.signed_in(acme)
    await ask(client)
    await acme.run(lambda: age(3000))
    settings.ATRIUM_RUN_EVENTS_DAYS = 0
    assert await acme.run(retention.forget_old_events) == 0
    settings.ATRIUM_RUN_EVENTS_DAYS = 3001
    assert await acme.run(retention.forget_old_events) == 0
    settings.ATRIUM_RUN_EVENTS_DAYS = 2999
    assert await acme.run(retention.forget_old_events) > 0


async def test_a_run_that_has_not_ended_keeps_its_events_however_old(server, acme, answering):
    client = server.signed_in(acme)
    run_id = await ask(client)

    def wait() -> None:
        age(31)
        Run.objects.update(status="waiting", finished_at=None, created_at="2020-01-01T00:00:00Z")

    await acme.run(wait)
    assert await acme.run(retention.forget_old_events) == 0
    assert (await client.get(f"/api/runs/{run_id}/events/")).status_code == 200


async def test_many_are_forgotten_in_batches(server, acme, answering, monkeypatch):
    client = server.signed_in(acme)
    for number in range(5):
        await ask(client, key=f"key {number}")
    await acme.run(lambda: age(31))
    monkeypatch.setattr(retention, "RUNS_AT_ONCE", 2)
    await acme.run(retention.forget_old_events)
    assert not await acme.run(RunEvent.objects.exists)


async def test_keys_are_forgotten_after_a_day(server, acme, answering):
    client = server.signed_in(acme)
    await ask(client)
    await acme.run(lambda: age(0.9))
    assert await acme.run(retention.forget_old_keys) == 0
    await acme.run(lambda: age(1.1))
    assert await acme.run(retention.forget_old_keys) == 1
    assert await acme.run(Run.objects.count) == 1


# -- every day, in every tenant


@pytest.fixture
async def made_in_both(server, acme, globex, answering):
    for tenant in (acme, globex):
        await ask(server.signed_in(tenant))
        await tenant.run(lambda: age(31))


@pytest.fixture
def never_queued(clean_tenants):
    """No worker has queued the day's jobs yet."""
    with public_context(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_periodic_defers")


async def work() -> None:
    """A worker as ``manage.py worker`` makes it, until it is told to stop."""
    worker = app.with_connector(app.connector.get_worker_connector())
    queue_periodic_jobs_by(worker)
    async with worker.open_async():
        await worker.run_worker_async(install_signal_handlers=False, queues=["maintenance"])


async def has_forgotten(*tenants) -> bool:
    return not any([await tenant.run(RunEvent.objects.exists) for tenant in tenants])


def jobs() -> list[tuple[str, str]]:
    with public_context():
        rows = ProcrastinateJob.objects.filter(queue_name="maintenance", task_name__startswith="assistants.forget")
        return sorted((job.task_name, job.args.get("tenant_schema", "")) for job in rows)


async def test_workers_forget_once_a_day_in_every_tenant(made_in_both, never_queued, acme, globex):
    workers = [asyncio.create_task(work()) for _ in range(3)]
    await until(lambda: has_forgotten(acme, globex), "old events are forgotten in both tenants")
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    everyone = [("assistants.forget", "acme"), ("assistants.forget", "globex")]
    assert await in_database(jobs) == [*everyone, ("assistants.forget_for_each_tenant", "")]
    for tenant in (acme, globex):
        assert not await tenant.run(IdempotencyKey.objects.exists)
        assert await tenant.run(Run.objects.count) == 1


async def test_a_job_forgets_in_its_own_tenant_only(made_in_both, acme, globex):
    await acme.run(forget.function)
    assert await has_forgotten(acme)
    assert await globex.run(RunEvent.objects.exists)
    assert await globex.run(IdempotencyKey.objects.exists)


async def test_what_a_suspended_tenant_keeps_ends_too(made_in_both, never_queued, acme):
    def suspend() -> None:
        with public_context():
            Tenant.objects.filter(schema_name="acme").update(status=Tenant.Status.SUSPENDED)

    await in_database(suspend)
    worker = asyncio.create_task(work())
    await until(lambda: has_forgotten(acme), "a suspended tenant's old events are forgotten")
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
