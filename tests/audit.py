"""The audit log as tests read it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tenants.context import public_context, tenant_context
from tenants.database import in_database
from tenants.models import AuditEntry
from tests.factories import TenantFixture


async def logged(tenant: TenantFixture | None = None, action: str = "") -> list[AuditEntry]:
    """The entries of a tenant, or of the operators, in the order in which they were made."""

    def read() -> list[AuditEntry]:
        found = AuditEntry.objects.order_by("id")
        return list(found.filter(action=action) if action else found)

    with public_context() if tenant is None else tenant_context(tenant.ref):
        return await in_database(read)


async def in_public(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Database work for the operators, off the test's event loop."""
    with public_context():
        return await in_database(function, *args, **kwargs)
