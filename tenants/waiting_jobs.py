"""Jobs of a tenant that is suspended: they wait for it to be resumed, and are not lost.

A worker that comes to such a job puts a copy of it into the queue, for a moment that never comes; resuming the tenant
makes that moment now. So each job is looked at once, and not again every minute.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Job

from tenants.context import public_context
from tenants.models import Tenant

NEVER = datetime(9999, 1, 1, tzinfo=UTC)


def keep_waiting(schema_name: str, task: Any, job: Job) -> bool:
    """Queue the job again, to wait until its tenant is resumed. False when the tenant is active by now: do it.

    The tenant's row is locked meanwhile, so that nobody resumes it between the look and the copy.
    """
    with public_context(), transaction.atomic():
        tenant = Tenant.objects.select_for_update().filter(schema_name=schema_name).first()
        if tenant is None or tenant.status == Tenant.Status.ACTIVE:
            return False
        again = task.configure(
            queue=job.queue,
            priority=job.priority,
            lock=job.lock,
            queueing_lock=job.queueing_lock,
            schedule_at=NEVER,
        )
        try:
            with transaction.atomic():
                again.defer(**job.task_kwargs)
        except AlreadyEnqueued:
            pass  # one that does the same waits already
        return True


def wake(schema_name: str) -> int:
    """Let the tenant's waiting jobs run, in the running transaction. Returns how many there are."""
    with public_context(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET scheduled_at = NULL"
            " WHERE status = 'todo' AND scheduled_at = %s AND args->>'tenant_schema' = %s RETURNING queue_name",
            [NEVER, schema_name],
        )
        queues = [queue for (queue,) in cursor.fetchall()]
        for queue in set(queues):  # what the queue itself says of a new job, so that no worker sleeps on
            cursor.execute(
                "SELECT pg_notify('procrastinate_queue_v1#' || %(queue)s, %(said)s),"
                " pg_notify('procrastinate_any_queue_v1', %(said)s)",
                {"queue": queue, "said": '{"type": "job_inserted"}'},
            )
    return len(queues)


def forget(schema_name: str) -> int:
    """Remove the jobs of a tenant that is deleted, in the running transaction; those that run are aborted.

    A tenant of the same name, made later, must not inherit them. Returns how many there were.
    """
    of_tenant = "args->>'tenant_schema' = %s"
    with public_context(), connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE procrastinate_jobs SET abort_requested = true WHERE status = 'doing' AND {of_tenant}",  # noqa: S608
            [schema_name],
        )
        aborted = cursor.rowcount
        cursor.execute(f"DELETE FROM procrastinate_jobs WHERE status <> 'doing' AND {of_tenant}", [schema_name])  # noqa: S608
        return aborted + cursor.rowcount
