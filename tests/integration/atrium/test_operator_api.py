"""Tenants over HTTP, for operators on the public host; and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import Permission

from tenants.context import public_context
from tenants.database import in_database
from tenants.models import ErasureReceipt, OperatorKey, User
from tenants.use_cases.operator_keys import issue_operator_key, revoke_operator_key
from tests.consoles import PUBLIC_HOST
from tests.factories import PASSWORD

ROOT = "/api/operator/tenants/"
OWNER = {"username": "bill", "email": "bill@example.com", "password": PASSWORD}
NEW = {"schema_name": "initech", "name": "Initech", "host": "Initech.localhost.", "owner": OWNER}

OPERATIONS = [
    ("GET", "tenants/"),
    ("POST", "tenants/"),
    ("GET", "tenants/acme/"),
    ("PATCH", "tenants/acme/"),
    ("DELETE", "tenants/acme/?name=Acme"),
    ("POST", "tenants/acme/suspend/"),
    ("POST", "tenants/acme/resume/"),
    ("POST", "tenants/acme/archive/"),
    ("POST", "tenants/acme/hosts/"),
    ("POST", "tenants/acme/hosts/acme.localhost/verify/"),
    ("DELETE", "tenants/acme/hosts/acme.localhost/"),
    ("GET", "receipts/"),
    ("GET", "receipts/1/"),
    ("GET", "audit/"),
    ("GET", "audit/export"),
]
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "tenants/"): NEW,
    ("PATCH", "tenants/acme/"): {"name": "Acme"},
    ("POST", "tenants/acme/hosts/"): {"host": "more.localhost"},
    ("POST", "tenants/acme/hosts/acme.localhost/verify/"): {"confirmed": True},
}


async def in_public(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    with public_context():
        return await in_database(function, *args, **kwargs)


def delete_all(model: Any) -> None:
    model.objects.all().delete()


@pytest.fixture
async def key(operator) -> Any:
    """A key of the operator who may do everything."""
    yield (await in_public(issue_operator_key, operator, "tests"))[1]
    await in_public(delete_all, ErasureReceipt)
    await in_public(delete_all, OperatorKey)


@pytest.fixture
def api(server, key) -> httpx.AsyncClient:
    return server.client(PUBLIC_HOST, Authorization=f"Bearer {key}")


async def ask(client: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
    return await client.request(method, f"/api/operator/{path}", json=BODIES.get((method, path)))


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


async def test_a_tenants_whole_life(api, server, operator):
    made = await api.post(ROOT, json=NEW)
    assert made.status_code == 201, made.text
    tenant = made.json()
    assert (tenant["schema_name"], tenant["name"], tenant["status"]) == ("initech", "Initech", "active")
    assert [(host["host"], host["is_primary"], host["is_verified"]) for host in tenant["hosts"]] == [
        ("initech.localhost", True, True)
    ]
    one = f"{ROOT}initech/"
    assert (await api.get(one)).json() == tenant
    assert (await api.patch(one, json={"name": "Initrode"})).json()["name"] == "Initrode"
    visitor = server.client("initech.localhost")
    for act, status, code in (("suspend", "suspended", 403), ("archive", "archived", 403), ("resume", "active", 401)):
        assert (await api.post(f"{one}{act}/")).json()["status"] == status
        assert (await visitor.get("/api/threads/")).status_code == code
    assert problem(await api.delete(one, params={"name": "Initech"})) == (422, "name_does_not_match")
    receipt = (await api.delete(one, params={"name": "Initrode"})).json()
    assert (receipt["schema_name"], receipt["erased_by"]) == ("initech", "operator (tests)")
    assert receipt["tables"]["tenants_user"]["rows"] == 1
    assert problem(await api.get(one)) == (404, "not_found")
    assert (await visitor.get("/api/threads/")).status_code == 404
    assert (await api.get("/api/operator/receipts/")).json() == [receipt]
    assert (await api.get(f"/api/operator/receipts/{receipt['id']}/")).json() == receipt


async def test_lists_are_searched_filtered_and_paged(api):
    async def names(**given: Any) -> list[str]:
        return [tenant["schema_name"] for tenant in (await api.get(ROOT, params=given)).json()]

    assert await names() == ["acme", "globex"]
    assert await names(limit=1, offset=1) == ["globex"]
    assert await names(search="GLOB") == ["globex"]
    assert await names(status="archived") == []
    await api.post(f"{ROOT}acme/archive/")
    assert (await names(), await names(status="archived")) == (["globex"], ["acme"])
    assert problem(await api.get(ROOT, params={"status": "lost"})) == (422, "invalid_input")


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"schema_name": "acme"}, 409, "tenant_exists", None),
        ({"schema_name": "Initech!"}, 422, "invalid_input", "schema_name"),
        ({"host": "acme.localhost"}, 409, "host_taken", None),
        ({"host": "https://initech.localhost/"}, 422, "invalid_input", "host"),
        ({"host": PUBLIC_HOST}, 422, "invalid_input", "host"),
        ({"name": " "}, 422, "invalid_input", "name"),
        ({"owner": {**OWNER, "password": "12345"}}, 422, "invalid_input", "owner.password"),
        ({"owner": {**OWNER, "username": "two words"}}, 422, "invalid_input", "owner.username"),
    ],
)
async def test_what_cannot_be_a_tenant_is_refused_and_leaves_nothing(api, change, status, code, field):
    refused = await api.post(ROOT, json={**NEW, **change})
    assert problem(refused) == (status, code)
    if field:
        assert refused.json()["errors"][0]["field"] == field
    assert [tenant["schema_name"] for tenant in (await api.get(ROOT)).json()] == ["acme", "globex"]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
async def test_only_operators_get_in(server, operator, acme, method, path):
    for headers in ({}, {"Authorization": "Bearer atr_op_wrong"}, acme.bearer):
        refused = await ask(server.client(PUBLIC_HOST, **headers), method, path)
        assert refused.status_code == 401, headers
    assert (await server.signed_in(acme).get(ROOT)).status_code == 404  # a tenant's host has no such thing


async def test_every_operation_of_the_document_is_asked_above(api):
    document = (await api.get("/api/operator/openapi.json")).json()
    declared = {(method.upper(), path) for path, ways in document["paths"].items() for method in ways}
    places = {"acme": "{schema_name}", "acme.localhost": "{host}", "1": "{receipt_id}"}

    def pattern(path: str) -> str:
        parts = path.split("?")[0].split("/")
        return "/api/operator/" + "/".join(places.get(part, part) for part in parts)

    assert {(method, pattern(path)) for method, path in OPERATIONS} == declared


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
async def test_an_operator_without_the_permission_is_refused(server, key, method, path):
    clerk = await in_public(User.objects.create_user, "clerk", "", PASSWORD, is_staff=True)
    _, secret = await in_public(issue_operator_key, clerk, "clerk's")
    answer = await ask(server.client(PUBLIC_HOST, Authorization=f"Bearer {secret}"), method, path)
    assert problem(answer) == (403, "not_allowed")


async def test_a_permission_to_look_is_none_to_change(server, key):
    clerk = await in_public(User.objects.create_user, "clerk", "", PASSWORD, is_staff=True)
    await in_public(lambda: clerk.user_permissions.add(Permission.objects.get(codename="view_tenant")))
    _, secret = await in_public(issue_operator_key, clerk, "clerk's")
    client = server.client(PUBLIC_HOST, Authorization=f"Bearer {secret}")
    assert (await client.get(f"{ROOT}acme/")).status_code == 200
    assert problem(await client.post(f"{ROOT}acme/suspend/")) == (403, "not_allowed")


async def test_a_key_ends_when_it_is_revoked_or_its_operator_is_inactive(server, api, operator):
    row, secret = await in_public(issue_operator_key, operator, "another")
    client = server.client(PUBLIC_HOST, Authorization=f"Bearer {secret}")
    assert (await client.get(ROOT)).status_code == 200
    await in_public(revoke_operator_key, row.pk)
    assert problem(await client.get(ROOT)) == (401, "wrong_api_key")
    await in_public(User.objects.filter(pk=operator.pk).update, is_active=False)
    assert problem(await api.get(ROOT)) == (401, "wrong_api_key")


async def test_a_session_of_the_console_does_and_needs_the_csrf_token_to_change_something(console, operator):
    client = (await console(PUBLIC_HOST, "operator")).client
    assert (await client.get(f"{ROOT}acme/")).status_code == 200
    assert problem(await client.post(f"{ROOT}acme/suspend/")) == (403, "csrf_failed")
    token = {"X-CSRFToken": client.cookies["csrftoken"]}
    assert (await client.post(f"{ROOT}acme/suspend/", headers=token)).json()["status"] == "suspended"


# -- hosts


async def test_a_further_host_is_served_once_it_answers_with_its_token(api, server, acme):
    added = (await api.post(f"{ROOT}acme/hosts/", json={"host": "More.localhost"})).json()
    assert (added["host"], added["is_verified"], added["is_primary"]) == ("more.localhost", False, False)
    visitor = server.client("more.localhost", **acme.bearer)
    assert (await visitor.get("/api/threads/")).status_code == 404
    assert (await visitor.get(added["proof_path"])).text == added["proof_token"]
    verified = await api.post(f"{ROOT}acme/hosts/more.localhost/verify/", json={})
    assert verified.status_code == 200, verified.text  # asked over the network, at this server's port
    assert (verified.json()["is_verified"], verified.json()["proof_token"]) == (True, None)
    assert (await visitor.get("/api/threads/")).status_code == 200
    assert (await visitor.get(added["proof_path"])).status_code == 404
    assert (await api.delete(f"{ROOT}acme/hosts/more.localhost/")).status_code == 204
    assert (await visitor.get("/api/threads/")).status_code == 404


async def test_a_host_that_does_not_lead_here_is_not_verified_but_by_the_operators_word(api, acme):
    host = "elsewhere.invalid"
    await api.post(f"{ROOT}acme/hosts/", json={"host": host})
    assert problem(await api.post(f"{ROOT}acme/hosts/{host}/verify/", json={})) == (409, "host_not_verified")
    confirmed = await api.post(f"{ROOT}acme/hosts/{host}/verify/", json={"confirmed": True})
    assert confirmed.json()["is_verified"]
    await api.delete(f"{ROOT}acme/hosts/{host}/")


@pytest.mark.parametrize(
    ("host", "status", "code"),
    [
        ("globex.localhost", 409, "host_taken"),
        ("a b", 422, "invalid_input"),
        ("http://more.localhost", 422, "invalid_input"),
        (PUBLIC_HOST, 422, "invalid_input"),
    ],
)
async def test_a_host_that_cannot_be_the_tenants_is_refused(api, host, status, code):
    assert problem(await api.post(f"{ROOT}acme/hosts/", json={"host": host})) == (status, code)


async def test_hosts_of_others_unknown_hosts_and_the_primary_one(api):
    assert problem(await api.delete(f"{ROOT}acme/hosts/globex.localhost/")) == (404, "not_found")
    assert problem(await api.delete(f"{ROOT}acme/hosts/nobody.localhost/")) == (404, "not_found")
    assert problem(await api.delete(f"{ROOT}acme/hosts/acme.localhost/")) == (409, "primary_host")
    assert problem(await api.post(f"{ROOT}nobody/hosts/", json={"host": "x.localhost"})) == (404, "not_found")
