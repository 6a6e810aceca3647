"""Jobs of this app. Thin: each calls use cases."""

from __future__ import annotations

from procrastinate.contrib.django import app

from assistants.use_cases import retention
from assistants.use_cases.expire_runs import expire_waiting_runs
from assistants.use_cases.tally import tally_tenants
from tenants.database import in_thread
from tenants.tasks import daily_tenant_task


@daily_tenant_task(name="assistants.forget", at="03:17", queue="maintenance")
def forget() -> None:
    """Delete what is not kept for ever, and end what nobody came back to."""
    expire_waiting_runs()
    retention.forget_old_events()
    retention.forget_old_keys()


@app.periodic(cron="*/15 * * * *")
@app.task(name="assistants.tally", queue="figures", lock="assistants.tally", queueing_lock="assistants.tally")
async def tally(timestamp: int) -> None:
    """Every quarter of an hour: count what tenants use and hold, for the operators' pages."""
    await in_thread(tally_tenants)
