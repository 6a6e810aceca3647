"""Two tenants whose rows can be told apart."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assistants.models import Thread
from tenants.context import tenant_context
from tenants.database import give_connections_back
from tests.factories import TenantFixture


@pytest.fixture
def marked(acme, globex) -> Iterator[tuple[TenantFixture, TenantFixture]]:
    """Acme and globex, with one thread each that is named after its tenant."""
    for tenant in (acme, globex):
        with tenant_context(tenant.ref):
            Thread.objects.create(name=tenant.ref.schema_name)
    yield acme, globex
    give_connections_back()
