"""Jobs that carry their tenant.

A job is deferred inside the tenant's transaction (it appears or vanishes with the row that it is about) and runs
later, in a worker, in that tenant's context. The queue itself lives in the public schema, one for all tenants.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.job_context import JobContext
from procrastinate.jobs import Job

from tenants.audit.origin import from_job
from tenants.context import TenantRef, public_context, require_tenant, tenant_context
from tenants.database import in_database, in_thread

log = logging.getLogger(__name__)


class TenantTask:
    """A task whose body runs in the tenant's context that was in force when it was deferred."""

    def __init__(self, function: Callable[..., Any], task: Any) -> None:
        self.function = function
        self.task = task

    def defer(self, **arguments: Any) -> int:
        """Queue the job for the current tenant, in the current transaction. Returns the job's id.

        Raises ``NoTenant`` outside of a tenant's context. Arguments are JSON, and ids rather than content: the queue
        keeps them, and its worker logs those of a job that failed.
        """
        return self.task.defer(tenant_schema=require_tenant().schema_name, **arguments)


def tenant_task(
    *, name: str, queue: str = "default", waits_while_suspended: bool = True, **options: Any
) -> Callable[[Callable[..., Any]], TenantTask]:
    """Register a synchronous function as a job that carries its tenant. ``options`` are procrastinate's.

    A suspended tenant's jobs wait until it is resumed (``waiting_jobs.py``), unless they are told not to; a deleted
    one's are dropped.
    """

    def register(function: Callable[..., Any]) -> TenantTask:
        async def run(context: JobContext, *, tenant_schema: str, **arguments: Any) -> None:
            tenant = await in_database(_find_tenant, tenant_schema)
            if tenant is None:
                gone = {"job": name, "tenant": tenant_schema}
                log.warning("a job's tenant is gone, the job is dropped", extra=gone)
                return
            waits = tenant.suspended and waits_while_suspended
            if waits and await in_database(_keep_waiting, tenant_schema, task, context.job):
                return
            with tenant_context(tenant), from_job(name):
                await in_thread(function, **arguments)

        task = app.task(name=name, queue=queue, pass_context=True, **options)(run)
        return TenantTask(function, task)

    return register


def daily_tenant_task(*, name: str, at: str, queue: str, **options: Any) -> Callable[[Callable[[], Any]], TenantTask]:
    """Register a synchronous function without arguments that runs once a day for each tenant, suspended ones too.

    ``at`` is the time of day, as HH:MM in UTC. However many workers there are, one queues the jobs; where none is up
    at that time, the first that comes up within a day does (``manage.py worker``).
    """
    hour, minute = map(int, at.split(":"))

    def register(function: Callable[[], Any]) -> TenantTask:
        registered = tenant_task(name=name, queue=queue, waits_while_suspended=False, **options)(function)

        async def for_each_tenant(*, timestamp: int) -> None:
            await in_database(_queue_for_each_tenant, registered.task)

        periodic = app.periodic(cron=f"{minute} {hour} * * *")
        periodic(app.task(name=f"{name}_for_each_tenant", queue=queue)(for_each_tenant))
        return registered

    return register


@app.task(name="tenants.warn_of_budget", retry=RetryStrategy(max_attempts=5, exponential_wait=30))
async def warn_of_budget(counter_id: int, per_cent: int) -> None:
    """Write to those whose budget it is. Queued by the database, in the transaction that counted (atrium_warn)."""
    from tenants.budgets.warnings import write_warning

    await in_thread(write_warning, counter_id, per_cent)


@app.periodic(cron="37 * * * *")
@app.task(name="tenants.forget_old_counters")
async def forget_old_counters(timestamp: int) -> None:
    """Once an hour: forget the requests of before, and the counters of budgets of more than a year ago."""
    from tenants.budgets.rates import forget_old

    await in_database(forget_old)


@daily_tenant_task(name="tenants.forget_audit", at="03:47", queue="maintenance")
def forget_audit() -> None:
    """Shorten a tenant's audit log by what is not kept any longer."""
    from tenants.audit.retention import forget_old_entries

    forget_old_entries()


@app.periodic(cron="49 3 * * *")
@app.task(name="tenants.forget_operators_audit", queue="maintenance")
async def forget_operators_audit(timestamp: int) -> None:
    """The same for the operators'."""
    from tenants.audit.retention import forget_old_entries

    with public_context(), from_job("tenants.forget_operators_audit"):
        await in_thread(forget_old_entries)


def _queue_for_each_tenant(task: Any) -> None:
    from tenants.models import Tenant

    with public_context():
        schemas = list(Tenant.objects.order_by("pk").values_list("schema_name", flat=True))
        if schemas:
            task.batch_defer(*({"tenant_schema": schema} for schema in schemas))


def _keep_waiting(schema_name: str, task: Any, job: Job) -> bool:
    from tenants import waiting_jobs

    return waiting_jobs.keep_waiting(schema_name, task, job)


def _find_tenant(schema_name: str) -> TenantRef | None:
    from tenants.models import Tenant

    with public_context():
        tenant = Tenant.objects.filter(schema_name=schema_name).first()
    return tenant.as_ref() if tenant else None
