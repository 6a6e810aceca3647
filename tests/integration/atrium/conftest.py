"""People at the consoles, each signed in through the login form as a browser does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.db import connection

from tenants.context import public_context, tenant_context
from tenants.models import Tenant, User
from tenants.provisioning.roles import drop_role
from tests.consoles import Console
from tests.factories import PASSWORD, make_member

OpenConsole = Callable[..., Awaitable[Console]]


@pytest.fixture
def console(server) -> OpenConsole:
    """``await console(host, username)``: the console at that host, with that person signed in."""

    async def open_console(host: str, username: str, password: str = PASSWORD) -> Console:
        found = Console(server.client(host))
        answer = await found.sign_in(username, password)
        assert answer.status_code == 302, f"{username} was not let in at {host}"
        return found

    return open_console


@pytest.fixture
def in_acme(acme) -> Callable[..., Awaitable[Any]]:
    """``await in_acme(function, ...)``: database work in acme's context, off the test's event loop."""

    async def run(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return await acme.run(partial(function, *args, **kwargs))

    return run


@pytest.fixture
def staff(acme) -> dict[str, User]:
    """Acme's admin and editor, beside the owner and the members that every test has."""
    with tenant_context(acme.ref):
        return {
            "admin": make_member("admin", "Admin", is_staff=True),
            "editor": make_member("editor", "Editor", is_staff=True),
        }


@pytest.fixture
def operator(clean_tenants) -> Iterator[User]:
    """An operator; the tenants that the test opens are removed with everything in them."""
    kept = [tenant.ref.id for tenant in clean_tenants.values()]
    with public_context():
        found = User.objects.create_superuser("operator", "operator@example.com", PASSWORD)
    yield found
    with public_context(), connection.cursor() as cursor:
        for tenant in Tenant.objects.exclude(pk__in=kept):
            cursor.execute(f"DROP SCHEMA {connection.ops.quote_name(tenant.schema_name)} CASCADE")
            drop_role(tenant.schema_name)
            cursor.execute("DELETE FROM tenants_domain WHERE tenant_id = %s", [tenant.pk])
            cursor.execute("DELETE FROM tenants_tenant WHERE id = %s", [tenant.pk])
        emptied = (
            "django_admin_log, django_session, tenants_user_user_permissions, tenants_operatorkey, tenants_attempts"
        )
        cursor.execute(f"TRUNCATE {emptied}")
        cursor.execute("DELETE FROM tenants_user")
