"""Jobs of this app. Thin: each calls use cases."""

from __future__ import annotations

from assistants.use_cases import retention
from tenants.tasks import daily_tenant_task


@daily_tenant_task(name="assistants.forget", at="03:17", queue="maintenance")
def forget() -> None:
    """Delete what is not kept for ever."""
    retention.forget_old_events()
    retention.forget_old_keys()
