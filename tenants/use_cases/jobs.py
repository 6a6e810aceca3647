"""Jobs that were given up, as operators handle them."""

from __future__ import annotations

from django.db import IntegrityError, connection, transaction

from tenants.audit import Target, record
from tenants.context import public_context
from tenants.errors import Conflict


class NotFailed(Conflict):
    """This job has not failed: there is nothing to try again."""

    code = "not_failed"


def retry_job(job_id: int) -> None:
    """Put a job that failed back into the queue, to run at once.

    Raises ``NotFailed``; ``Conflict`` where one that does the same waits already.
    """
    with public_context(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT task_name FROM procrastinate_jobs WHERE id = %s AND status = 'failed'", [job_id])
        found = cursor.fetchone()
        if found is None:
            raise NotFailed
        try:
            with transaction.atomic():
                cursor.execute("SELECT procrastinate_retry_job_v2(%s, now(), NULL, NULL, NULL)", [job_id])
        except IntegrityError as error:
            raise Conflict("A job that does the same waits already.", code="job_waits_already") from error
        record("job.retried", Target("job", str(job_id), found[0]))
