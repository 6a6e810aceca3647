"""What operators do on the public host."""

from __future__ import annotations

import re

import pytest

from tenants.context import public_context, tenant_context
from tenants.database import in_database
from tenants.models import AccessRule, Domain, ErasureReceipt, OperatorKey, Tenant, User
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
        assert await in_database(AccessRule.objects.filter(enabled=True).exists)


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


async def test_a_tenant_is_deleted_from_its_own_page_after_its_name_was_given(console, operator):
    operators = await console(PUBLIC_HOST, "operator")
    await operators.send("tenants/tenant/add/", **NEW_TENANT)
    tenant = await in_public(Tenant.objects.get, schema_name="initech")
    assert "delete_selected" not in (await operators.open("tenants/tenant/")).text
    page = f"tenants/tenant/{tenant.pk}/delete/"
    refused = await operators.send(page, name="initech")
    assert "This is not the tenant&#x27;s name." in refused.text
    deleted = await operators.send(page, name="Initech")
    receipt = await in_public(ErasureReceipt.objects.get, schema_name="initech")
    assert deleted.headers["location"] == f"/admin/tenants/erasurereceipt/{receipt.pk}/change/"
    shown = (await operators.client.get(deleted.headers["location"])).text
    assert receipt.digest in shown
    assert "tenants_user" in shown
    assert not await in_public(Tenant.objects.filter(pk=tenant.pk).exists)
    assert (await operators.client.post(f"/admin/tenants/erasurereceipt/{receipt.pk}/delete/")).status_code == 403
    await in_public(lambda: ErasureReceipt.objects.all().delete())


async def test_a_host_that_is_added_waits_until_it_is_checked(console, server, operator, acme):
    operators = await console(PUBLIC_HOST, "operator")
    page = f"tenants/tenant/{acme.ref.id}/change/"
    shown = (await operators.open(page)).text
    domain = re.search(r'name="domains-0-id" value="(\d+)"', shown)[1]
    rows = {"domains-0-id": domain, "domains-0-tenant": acme.ref.id, "domains-0-domain": acme.host}
    rows |= {"domains-0-is_primary": "on", "domains-1-id": "", "domains-1-tenant": acme.ref.id}
    rows |= {"domains-1-domain": "Zz.localhost", "domains-TOTAL_FORMS": "2", "domains-INITIAL_FORMS": "1"}
    assert (await operators.send(page, name="Acme", **rows)).status_code == 302
    visitor = server.client("zz.localhost", **acme.bearer)
    assert (await visitor.get("/api/threads/")).status_code == 404
    assert "/.well-known/atrium-host must answer" in (await operators.open(page)).text
    added = await in_public(Domain.objects.get, domain="zz.localhost")
    rows |= {"domains-1-id": added.pk, "domains-1-domain": "zz.localhost", "domains-INITIAL_FORMS": "2"}
    await operators.send(page, name="Acme", **rows, tenants_tenant_check_hosts="")
    assert (await visitor.get("/api/threads/")).status_code == 200
    await in_public(added.delete)


async def test_an_operator_makes_a_key_that_is_shown_once_and_revokes_it(console, server, operator):
    operators = await console(PUBLIC_HOST, "operator")
    made = await operators.send("tenants/operatorkey/add/", name="deploy", expires_at_0="", expires_at_1="")
    secret = re.search(r'data-testid="secret">([^<]+)<', made.text)[1]
    client = server.client(PUBLIC_HOST, Authorization=f"Bearer {secret}")
    assert (await client.get("/api/operator/tenants/")).status_code == 200
    assert secret not in (await operators.open("tenants/operatorkey/")).text
    key = await in_public(OperatorKey.objects.get)
    await operators.send("tenants/operatorkey/", action="revoke", _selected_action=key.pk, index="0")
    assert (await client.get("/api/operator/tenants/")).status_code == 401


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
