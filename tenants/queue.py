"""How the queue of jobs stands, for the operators. It holds what is not done: jobs that ended well are deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from tenants.context import public_context
from tenants.waiting_jobs import NEVER


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A job that was given up. ``tenant`` is a schema's name, or "" for one that is of no tenant."""

    id: int
    task: str
    tenant: str
    attempts: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Queue:
    """Jobs by how they stand. ``waiting`` could run now, the oldest of them since ``oldest``; ``later`` wait for a
    time; ``held`` for their tenant to be resumed."""

    waiting: int
    running: int
    later: int
    held: int
    failed: int
    oldest: datetime | None


_QUEUE = """
SELECT count(*) FILTER (WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now()),
       count(*) FILTER (WHERE status = 'doing'),
       count(*) FILTER (WHERE status = 'todo' AND scheduled_at > now() AND scheduled_at < %(never)s),
       count(*) FILTER (WHERE status = 'todo' AND scheduled_at = %(never)s),
       count(*) FILTER (WHERE status = 'failed'),
       (SELECT min(event.at) FROM procrastinate_events AS event WHERE event.job_id = (
            SELECT min(id) FROM procrastinate_jobs WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now()))
FROM procrastinate_jobs
"""
_FAILED = """
SELECT id, task_name, coalesce(args->>'tenant_schema', ''), attempts,
       (SELECT max(at) FROM procrastinate_events WHERE job_id = job.id)
FROM procrastinate_jobs AS job WHERE status = 'failed' ORDER BY id DESC LIMIT %s
"""


def queue() -> Queue:
    """As it stands now."""
    with public_context(), connection.cursor() as cursor:
        cursor.execute(_QUEUE, {"never": NEVER})
        return Queue(*cursor.fetchone())


def failed_jobs(most: int) -> Sequence[FailedJob]:
    """The newest that were given up."""
    with public_context(), connection.cursor() as cursor:
        cursor.execute(_FAILED, [most])
        return [FailedJob(*row) for row in cursor.fetchall()]
