"""A tenant that is made for a measurement and taken away with all that is in it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from tenants.context import TenantRef, public_context, tenant_context
from tenants.database import give_connections_back
from tenants.provisioning.create import create_tenant
from tenants.use_cases.tenants import delete_tenant

BY = "rag_evaluate"


@contextmanager
def scratch_tenant() -> Iterator[TenantRef]:
    """Work for a new tenant inside the block. It is gone afterwards, also when the block fails."""
    name = f"evaluation_{secrets.token_hex(4)}"
    with public_context():
        tenant = create_tenant(name, name, f"{name.replace('_', '-')}.invalid")
    try:
        with tenant_context(tenant.as_ref()):
            yield tenant.as_ref()
    finally:
        give_connections_back()
        with public_context():
            delete_tenant(tenant.pk, name, by=BY)
