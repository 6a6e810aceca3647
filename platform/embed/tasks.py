"""Jobs of this app. Thin: each calls use cases."""

from __future__ import annotations

from embed.use_cases import retention
from tenants.tasks import daily_tenant_task


@daily_tenant_task(name="embed.forget", at="03:41", queue="maintenance")
def forget() -> None:
    """Delete what is not kept of visitors."""
    retention.forget_visitors()
    retention.forget_used()
