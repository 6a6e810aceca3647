"""What operators do on the public host."""

from __future__ import annotations

import re

import pytest

from tenants.context import public_context, tenant_context
from tenants.database import in_database
from tenants.models import AccessRule, Domain, Tenant, User
from tests.consoles import PUBLIC_HOST
from tests.factories import PASSWORD

NEW_TENANT = {
    "name": "Initech",
    "schema_name": "initech",
    "host": "Initech.localhost.",
    "owner_username": "bill",
    "owner_email": "bill@example.com",
    "owner_password": PASSWORD,
}


async def in_public(function, *args, **kwargs):
    with public_context():
        return await in_database(function, *args, **kwargs)


async def test_a_tenant_that_an_operator_opens_works_at_once(console, operator):
    operators = await console(PUBLIC_HOST, "operator")
    answer = await operators.send("tenants/tenant/add/", **NEW_TENANT)
    assert answer.status_code == 302, re.findall(r"errorlist.*?</ul>", answer.text, re.S)
    owners = await console("initech.localhost", "bill")
    assert (await owners.open("tenants/user/")).status_code == 200
    tenant = await in_public(Tenant.objects.get, schema_name="initech")
    with tenant_context(tenant.as_ref()):
        assert await in_database(AccessRule.objects.count) == 1


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("schema_name", "Initech!", "A schema name has 2 to 48 lower-case letters"),
        ("schema_name", "acme", "already exists"),
        ("host", "acme.localhost", "The host acme.localhost belongs to a tenant already."),
        ("host", "https://initech.localhost/", "Give a host name such as chat.example.com"),
        ("host", PUBLIC_HOST, "This host is the operators&#x27; own."),
        ("owner_password", "12345", "This password is too short."),
    ],
)
async def test_a_tenant_that_cannot_be_opened_leaves_nothing(console, operator, field, value, reason):
    operators = await console(PUBLIC_HOST, "operator")
    answer = await operators.send("tenants/tenant/add/", **NEW_TENANT | {field: value})
    assert answer.status_code == 200
    assert reason in answer.text
    assert await in_public(Tenant.objects.filter(name="Initech").count) == 0
    assert await in_public(Domain.objects.filter(domain="initech.localhost").count) == 0


@pytest.mark.parametrize("way", ["from the list", "from its page"])
async def test_a_suspended_tenant_is_refused_until_it_is_resumed(console, server, operator, acme, way):
    operators = await console(PUBLIC_HOST, "operator")
    client = server.signed_in(acme)
    hosts = {"domains-TOTAL_FORMS": "0", "domains-INITIAL_FORMS": "0", "name": "Acme"}

    async def do(action: str) -> None:
        if way == "from the list":
            await operators.send("tenants/tenant/", action=action, _selected_action=acme.ref.id, index="0")
        else:
            page = f"tenants/tenant/{acme.ref.id}/change/"
            shown = (await operators.open(page)).text
            [(domain,)] = [re.findall(r'name="domains-0-id" value="(\d+)"', shown)]
            row = {"domains-0-id": domain, "domains-0-tenant": acme.ref.id, "domains-0-domain": acme.host}
            row |= {"domains-TOTAL_FORMS": "1", "domains-INITIAL_FORMS": "1", "domains-0-is_primary": "on"}
            await operators.send(page, **hosts | row, **{f"tenants_tenant_{action}_this": ""})

    assert (await client.get("/api/assistants/")).status_code == 200
    await do("suspend")
    refused = await client.get("/api/assistants/")
    assert (refused.status_code, refused.json()["code"]) == (403, "tenant_suspended")
    await do("resume")
    assert (await client.get("/api/assistants/")).status_code == 200


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"domains-0-DELETE": "on", "domains-0-is_primary": "on"}, "A tenant needs a host"),
        ({}, "Choose one host as the primary one."),
    ],
    ids=["no host", "no primary host"],
)
async def test_a_tenant_keeps_a_primary_host(console, operator, acme, change, reason):
    operators = await console(PUBLIC_HOST, "operator")
    page = f"tenants/tenant/{acme.ref.id}/change/"
    shown = (await operators.open(page)).text
    domain = re.search(r'name="domains-0-id" value="(\d+)"', shown)[1]
    row = {"domains-0-id": domain, "domains-0-tenant": acme.ref.id, "domains-0-domain": acme.host}
    row |= {"domains-TOTAL_FORMS": "1", "domains-INITIAL_FORMS": "1"}
    answer = await operators.send(page, name="Acme", **row, **change)
    assert reason in answer.text
    assert (await in_public(Domain.objects.get, tenant_id=acme.ref.id)).is_primary


async def test_no_tenant_can_be_deleted_in_the_console(console, operator, acme):
    operators = await console(PUBLIC_HOST, "operator")
    assert (await operators.open(f"tenants/tenant/{acme.ref.id}/delete/")).status_code == 403
    assert "delete_selected" not in (await operators.open("tenants/tenant/")).text


async def test_an_operator_adds_another_but_does_not_lock_itself_out(console, operator):
    operators = await console(PUBLIC_HOST, "operator")
    person = {"username": "second", "email": "", "first_name": "", "last_name": ""}
    answer = await operators.send("tenants/user/add/", **person, password1=PASSWORD, password2=PASSWORD)
    assert answer.status_code == 302
    await console(PUBLIC_HOST, "second")
    myself = f"tenants/user/{operator.pk}/change/"
    answer = await operators.send(myself, **person | {"username": "operator"})
    assert "Another operator has to make you inactive." in answer.text
    assert (await in_public(User.objects.get, pk=operator.pk)).is_active


async def test_the_overview_counts_tenants(console, operator):
    page = (await (await console(PUBLIC_HOST, "operator")).open()).text
    assert re.search(r"Active tenants</span>\s*<span[^>]*>2<", page)
    assert re.search(r"Suspended</span>\s*<span[^>]*>0<", page)
