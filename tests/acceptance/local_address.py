"""A tenant at 127.0.0.1, which every program can find: for programs that know nothing of our hosts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tenants.context import public_context
from tenants.database import in_database
from tenants.hosts import host_map
from tenants.models import Domain, Tenant
from tests.factories import TenantFixture


@asynccontextmanager
async def answers_at_127_0_0_1(tenant: TenantFixture) -> AsyncIterator[None]:
    """The tenant also answers at 127.0.0.1 inside the block."""
    domain = await in_database(_add, tenant.ref.id)
    yield
    await in_database(_remove, domain)


def _add(tenant_id: int) -> Domain:
    with public_context():
        host_map.forget()
        return Domain.objects.create(domain="127.0.0.1", tenant=Tenant.objects.get(pk=tenant_id), is_primary=False)


def _remove(domain: Domain) -> None:
    with public_context():
        domain.delete()
    host_map.forget()
