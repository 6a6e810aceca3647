"""Jobs belong to a tenant and to a transaction; a real worker, in the test's own loop, runs them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from assistants.models import Thread
from tenants import waiting_jobs
from tenants.context import TenantRef, current_tenant, owner_rights, public_context, tenant_context
from tenants.database import in_database
from tenants.errors import NoTenant
from tenants.tasks import tenant_task
from tenants.use_cases.tenants import resume_tenant, suspend_tenant
from tenants.waiting_jobs import NEVER
from tests.factories import TenantFixture
from tests.log_lines import log_lines

QUEUE = "tests.jobs"
seen: list[tuple[str, str | None, list[str]]] = []  # what a job was told, its tenant, the rows that it read


@tenant_task(name="tests.jobs.look", queue=QUEUE)
def look(label: str) -> None:
    tenant = current_tenant()
    seen.append((label, tenant and tenant.schema_name, list(Thread.objects.values_list("name", flat=True))))


@tenant_task(name="tests.jobs.write", queue=QUEUE)
def write_and_look_again(label: str) -> None:
    with transaction.atomic():
        Thread.objects.create(name=label)
        look.defer(label=f"after {label}")


@tenant_task(name="tests.jobs.fail", queue=QUEUE)
def write_and_fail(label: str) -> None:
    with transaction.atomic():
        Thread.objects.create(name=label)
        look.defer(label=f"after {label}")
        raise RuntimeError(f"on purpose, with {label}")


@pytest.fixture(autouse=True)
def empty_queue(clean_tenants) -> Iterator[None]:
    seen.clear()
    yield
    with public_context(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE queue_name = %s", [QUEUE])


async def work() -> None:
    """Run what is queued, and what that queues, until nothing is left."""
    while True:
        worker = app.with_connector(app.connector.get_worker_connector())
        async with worker.open_async():
            # It ends when it finds nothing to do, though a job that still runs may be about to queue another.
            await worker.run_worker_async(wait=False, install_signal_handlers=False, queues=[QUEUE], concurrency=5)
        if "todo" not in (await statuses()).values():
            return


async def statuses() -> dict[str, str]:
    def read() -> dict[str, str]:
        with public_context():
            jobs = ProcrastinateJob.objects.filter(queue_name=QUEUE)
            return {job.args["label"]: job.status for job in jobs}

    return await in_database(read)


class OnPurpose(Exception):
    """Rolls back."""


# -- jobs and transactions


async def test_a_job_runs_once_its_transaction_is_committed(acme):
    def commit() -> None:
        with transaction.atomic():
            Thread.objects.create(name="kept")
            look.defer(label="committed")

    await acme.run(commit)
    await work()
    assert seen == [("committed", "acme", ["kept"])]


async def test_a_job_of_a_transaction_that_is_rolled_back_never_runs(acme):
    def roll_back() -> None:
        with contextlib.suppress(OnPurpose), transaction.atomic():
            Thread.objects.create(name="gone")
            look.defer(label="rolled back")
            raise OnPurpose

    await acme.run(roll_back)
    assert await statuses() == {}
    await work()
    assert seen == []


async def test_a_job_of_a_savepoint_that_is_rolled_back_never_runs_and_the_others_do(acme):
    def roll_back_in_part() -> None:
        with transaction.atomic():
            look.defer(label="first")
            with contextlib.suppress(OnPurpose), transaction.atomic():
                look.defer(label="second")
                raise OnPurpose
            look.defer(label="third")

    await acme.run(roll_back_in_part)
    await work()
    assert sorted(label for label, _, _ in seen) == ["first", "third"]


async def test_nobody_sees_a_job_before_its_transaction_is_committed(acme):
    loop = asyncio.get_running_loop()
    deferred, may_commit = asyncio.Event(), asyncio.Event()

    def commit_late() -> None:
        with transaction.atomic():
            look.defer(label="late")
            loop.call_soon_threadsafe(deferred.set)
            asyncio.run_coroutine_threadsafe(may_commit.wait(), loop).result(20)

    committing = asyncio.create_task(acme.run(commit_late))
    await deferred.wait()
    await work()
    assert seen == []
    may_commit.set()
    await committing
    await work()
    assert [label for label, _, _ in seen] == ["late"]


# -- jobs and tenants


async def test_each_job_runs_for_the_tenant_that_it_was_queued_for(acme, globex):
    def queue(tenant: TenantFixture) -> None:
        Thread.objects.create(name=tenant.ref.schema_name)
        for number in range(10):
            look.defer(label=f"{tenant.ref.schema_name} {number}")

    for tenant in (acme, globex):
        await tenant.run(lambda tenant=tenant: queue(tenant))
    await work()
    assert len(seen) == 20
    for label, tenant, rows in seen:
        assert rows == [tenant]
        assert label.startswith(str(tenant))
    assert current_tenant() is None


async def test_a_job_that_a_job_queues_is_of_the_same_tenant_and_of_its_transaction(acme, globex):
    await acme.run(lambda: write_and_look_again.defer(label="acme's"))
    await globex.run(lambda: write_and_look_again.defer(label="globex's"))
    await work()
    assert sorted(seen) == [
        ("after acme's", "acme", ["acme's"]),
        ("after globex's", "globex", ["globex's"]),
    ]


async def test_a_job_that_fails_leaves_nothing_of_its_transaction_and_the_worker_goes_on(acme):
    def queue() -> None:
        write_and_fail.defer(label="secret words")
        look.defer(label="next")

    await acme.run(queue)
    with log_lines() as lines:
        await work()
    assert seen == [("next", "acme", [])]
    assert await statuses() == {"secret words": "failed", "next": "succeeded"}
    [failure] = [line for line in lines.read() if line["level"] == "ERROR"]
    assert "RuntimeError" in failure["exc_info"]
    assert "secret words" not in failure["exc_info"]


async def test_a_job_whose_tenant_is_gone_is_dropped_with_a_line_in_the_log(acme):
    def queue() -> None:
        with tenant_context(TenantRef(id=None, schema_name="gone")), owner_rights():  # its role is gone, too
            look.defer(label="orphan")

    await in_database(queue)
    with log_lines("tenants.tasks") as lines:
        await work()
    assert seen == []
    assert await statuses() == {"orphan": "succeeded"}
    [line] = lines.read()
    assert (line["level"], line["job"], line["tenant"]) == ("WARNING", "tests.jobs.look", "gone")


async def test_a_job_cannot_be_queued_for_nobody(acme):
    with pytest.raises(NoTenant):
        await in_database(look.defer, label="nobody's")
    assert await statuses() == {}


async def test_a_worker_that_waits_hears_of_a_new_job_at_once(acme):
    worker = app.with_connector(app.connector.get_worker_connector())
    async with worker.open_async():
        running = asyncio.create_task(
            worker.run_worker_async(
                wait=True,
                listen_notify=True,
                install_signal_handlers=False,
                queues=[QUEUE],
                fetch_job_polling_interval=60,
            )
        )
        async with asyncio.timeout(20):
            while not seen:
                await acme.run(lambda: look.defer(label="heard"))
                await asyncio.sleep(0.2)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert seen[0][:2] == ("heard", "acme")


# -- jobs of a suspended tenant


async def set_status(tenant: TenantFixture, use_case) -> None:
    await in_database(use_case, tenant.ref.id)


async def waiting() -> list[tuple[str, bool]]:
    """Jobs in the queue, and whether they wait for their tenant."""

    def read() -> list[tuple[str, bool]]:
        with public_context():
            jobs = ProcrastinateJob.objects.filter(queue_name=QUEUE, status="todo").order_by("id")
            return [(job.args["label"], job.scheduled_at == NEVER) for job in jobs]

    return await in_database(read)


async def run_worker() -> None:
    """Run what can run now."""
    worker = app.with_connector(app.connector.get_worker_connector())
    async with worker.open_async():
        await worker.run_worker_async(wait=False, install_signal_handlers=False, queues=[QUEUE], delete_jobs="always")


async def test_a_suspended_tenants_jobs_wait_and_run_once_when_it_is_resumed(acme, globex):
    for tenant in (acme, globex):
        await tenant.run(lambda tenant=tenant: look.defer(label=tenant.ref.schema_name))
    await set_status(acme, suspend_tenant)
    await run_worker()
    await run_worker()  # it is not looked at again and again
    assert [tenant for _, tenant, _ in seen] == ["globex"]
    assert await waiting() == [("acme", True)]
    await set_status(acme, resume_tenant)
    assert await waiting() == [("acme", False)]
    await run_worker()
    assert [tenant for _, tenant, _ in seen] == ["globex", "acme"]
    assert await waiting() == []


async def test_a_job_keeps_its_queue_priority_and_locks_while_it_waits(acme):
    def queue() -> None:
        options = {"priority": 7, "lock": "one at a time", "queueing_lock": "only one"}
        look.task.configure(**options).defer(tenant_schema="acme", label="locked")

    await acme.run(queue)
    await set_status(acme, suspend_tenant)
    await run_worker()

    def read() -> tuple[object, ...]:
        with public_context():
            job = ProcrastinateJob.objects.get(queue_name=QUEUE)
            return job.priority, job.lock, job.queueing_lock, job.args

    args = {"label": "locked", "tenant_schema": "acme"}
    assert await in_database(read) == (7, "one at a time", "only one", args)


async def test_a_tenant_that_is_resumed_just_before_its_job_would_wait_gets_it_done(acme, monkeypatch):
    await acme.run(lambda: look.defer(label="in time"))
    await set_status(acme, suspend_tenant)
    keep_waiting = waiting_jobs.keep_waiting

    def resume_first(*given: object) -> bool:
        resume_tenant(acme.ref.id)
        return keep_waiting(*given)

    monkeypatch.setattr(waiting_jobs, "keep_waiting", resume_first)
    await run_worker()
    assert [label for label, _, _ in seen] == ["in time"]
    assert await waiting() == []


async def test_waiting_jobs_do_not_look_like_a_stalled_queue(server, acme):
    await acme.run(lambda: look.defer(label="patient"))
    await set_status(acme, suspend_tenant)
    await run_worker()
    assert await waiting() == [("patient", True)]
    assert (await server.client("localhost").get("/readyz")).json()["checks"]["queue"] is True
