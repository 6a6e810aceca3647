"""What a key may be used for: its scopes, its assistants; and when it was last used."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.db import connection
from django.test import RequestFactory
from ninja import NinjaAPI

from assistants.assistants import AIAssistant
from atrium.api import api, openai_api
from tenants.actors import Actor
from tenants.api.scopes import IN_DOCUMENT, close_undeclared
from tenants.context import TenantRef, tenant_context
from tenants.errors import InvalidInput, NotAllowed
from tenants.key_use import key_use
from tenants.keys import create_api_key, find_api_key, limits_of
from tenants.members import roles_of
from tenants.models import ApiKey
from tenants.scopes import ADMIN_SCOPE, CHAT, ORDINARY, SCOPES, THREADS_READ, ScopeMissing
from tenants.use_cases.api_keys import KeyLimits, issue_api_key
from tests.factories import TenantFixture
from tests.sessions import session_of
from tests.statements import counted

DOCUMENT = api.get_openapi_schema()  # made once: it takes a quarter of a second
OPERATIONS = [
    pytest.param(method, path, operation, id=operation["operationId"])
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


async def key_with(server, tenant: TenantFixture, *scopes: str, assistants=(), user=None):
    """A client with a new key, and the key's row."""
    row, secret = await tenant.run(
        lambda: create_api_key("limited", user or tenant.member, scopes=scopes, assistants=assistants)
    )
    return server.client(tenant.host, Authorization=f"Bearer {secret}"), row


def address(path: str, operation) -> str:
    """The path with something in each place of an id."""
    kinds = {each["name"]: each["schema"].get("format") for each in operation.get("parameters", [])}
    return re.sub(r"\{(\w+)\}", lambda found: str(uuid4()) if kinds.get(found[1]) == "uuid" else "1", path)


# -- scopes


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
async def test_every_operation_declares_a_scope_and_refuses_a_key_that_has_all_others(
    server, acme, method, path, operation
):
    scope = operation.get(IN_DOCUMENT)
    assert scope in SCOPES, f"{operation['operationId']} declares no scope: tenants/api/scopes.py"
    client, _ = await key_with(server, acme, *(set(SCOPES) - {scope}), user=acme.owner)
    sent = {"files": _files(operation)} if _files(operation) else {"json": _body(operation)}
    answer = await client.request(method, address(path, operation), params=_query(operation), **sent)
    if answer.status_code == 422:
        pytest.fail(f"the body of the test does not fit {operation['operationId']}: {answer.text}")
    assert (answer.status_code, answer.json()["code"], answer.json()["scope"]) == (403, "scope_missing", scope)
    assert f"`{scope}`" in answer.json()["detail"]


@pytest.mark.parametrize("served", [api, openai_api], ids=["api", "openai_api"])
def test_operations_that_no_document_shows_declare_one_too(served):
    operations = [
        operation
        for router in served._get_bound_routers()
        for view in router.path_operations.values()
        for operation in view.operations
    ]
    assert operations
    assert [each.path for each in operations if (each.openapi_extra or {}).get(IN_DOCUMENT) not in SCOPES] == []


async def test_the_openai_face_is_for_keys_that_chat(server, acme):
    client, _ = await key_with(server, acme, *(ORDINARY - {CHAT}))
    for method, path in (("GET", "models"), ("GET", "models/docs_assistant"), ("POST", "chat/completions")):
        answer = await client.request(method, f"/v1/{path}", json={"model": "docs_assistant", "messages": []})
        assert answer.status_code in (403, 400), answer.text
    assert (await client.get("/v1/models")).json()["error"]["code"] == "scope_missing"


async def test_an_operation_of_a_projects_own_that_declares_none_is_for_unlimited_keys(acme):
    own = NinjaAPI(urls_namespace="a_projects_own")

    @own.get("/")
    async def look(request):
        return "seen"

    close_undeclared(own)
    views = [view for router in own._get_bound_routers() for view in router.path_operations.values()]
    [operation] = views[0].operations
    request = RequestFactory().get("/")
    for scopes, allowed in ((None, True), (ORDINARY, True), (ORDINARY - {CHAT}, False)):
        request.actor = Actor("api_key", acme.ref, scopes=scopes)
        if allowed:
            assert await operation.view_func(request) == "seen"
        else:
            with pytest.raises(ScopeMissing):
                await operation.view_func(request)


def _query(operation) -> dict[str, str]:
    """Text for each query parameter without which the request would be refused for that."""
    parameters = [each for each in operation.get("parameters", []) if each["in"] == "query" and each.get("required")]
    return {each["name"]: "assistant.run" for each in parameters}


def _files(operation) -> dict[str, tuple[str, bytes]]:
    """A file for each that the operation wants."""
    content = operation.get("requestBody", {}).get("content", {}).get("multipart/form-data")
    wanted = content["schema"].get("required", []) if content else []
    return dict.fromkeys(wanted, ("a.txt", b"text"))


def _body(operation) -> dict | None:
    """The smallest body that can be read, from the document."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return _example(content["schema"]) if content else None


def _example(schema):
    schemas = DOCUMENT["components"]["schemas"]
    if "$ref" in schema:
        return _example(schemas[schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return _example(schema["anyOf"][0])
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    match schema.get("type"):
        case "object":
            return {name: _example(schema["properties"][name]) for name in schema.get("required", [])}
        case "array":
            return [_example(schema["items"])] * schema.get("minItems", 0)
        case "integer":
            return 1
        case "boolean":
            return True
    return str(uuid4()) if schema.get("format") == "uuid" else "text"


async def test_a_key_that_reads_conversations_begins_none(server, acme):
    client, _ = await key_with(server, acme, THREADS_READ)
    assert (await client.get("/api/threads/")).status_code == 200
    assert (await client.post("/api/threads/", json={})).status_code == 403


async def test_people_need_no_scope(server, acme):
    client = server.client(acme.host, **await session_of(acme))
    assert (await client.get("/api/threads/")).status_code == 200


async def test_keys_for_which_nothing_was_said_do_everything_but_administer(server, acme):
    row = await acme.run(lambda: find_api_key(acme.api_key))
    assert set(row.scopes) == ORDINARY
    assert (await server.signed_in(acme).get("/api/keys/")).json()["code"] == "scope_missing"


def test_keys_from_before_there_were_scopes_keep_what_they_could_do(acme):
    """The column's default in the migration: a row that was made without scopes has them."""
    with tenant_context(acme.ref):
        assert ApiKey(name="older").scopes == [scope for scope in SCOPES if scope != ADMIN_SCOPE]


# -- assistants


async def test_assistants_beyond_the_list_are_invisible(server, acme):
    client, _ = await key_with(server, acme, *ORDINARY, assistants=["docs_assistant"])
    assert [each["id"] for each in (await client.get("/api/assistants/")).json()] == ["docs_assistant"]
    other = next(id for id in AIAssistant.get_cls_registry() if id != "docs_assistant")
    for answer in (
        await client.get(f"/api/assistants/{other}/"),
        await client.post("/api/threads/", json={"assistant_id": other}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "assistant_not_allowed")
    thread = (await client.post("/api/threads/", json={"assistant_id": "docs_assistant"})).json()
    elsewhere = (await client.post("/api/threads/", json={})).json()
    messages = f"/api/threads/{elsewhere['id']}/messages/"
    assert (await client.post(messages, json={"assistant_id": other, "content": "hi"})).status_code == 403
    messages = f"/api/threads/{thread['id']}/messages/"
    assert (await client.post(messages, json={"assistant_id": "docs_assistant", "content": "hi"})).status_code == 201


async def test_a_list_whose_assistants_are_gone_allows_none(server, acme):
    client, _ = await key_with(server, acme, CHAT, assistants=["retired"])
    assert (await client.get("/api/assistants/")).json() == []


# -- the hot path, and the last use


async def test_a_key_is_recognised_in_one_query_and_nothing_is_written(server, acme):
    client = server.signed_in(acme)
    await client.get("/api/threads/")
    with counted() as statements:
        await client.get("/api/threads/")
    assert len([each for each in statements if "tenants_apikey" in each]) == 1
    assert not [each for each in statements if each.startswith(("UPDATE", "INSERT"))]


async def test_the_last_use_is_written_later_for_all_keys_of_a_tenant_at_once(server, acme, globex):
    await acme.run(key_use.write)
    for tenant in (acme, globex):
        for _ in range(3):
            await server.signed_in(tenant).get("/api/threads/")
    client, row = await key_with(server, acme, THREADS_READ)
    await client.get("/api/threads/")
    assert await acme.run(lambda: ApiKey.objects.get(pk=row.pk).last_used_at) is None
    with counted() as statements:
        await acme.run(key_use.write)
    assert len([each for each in statements if each.startswith("UPDATE")]) == 2
    for tenant in (acme, globex):
        assert await tenant.run(lambda: ApiKey.objects.filter(last_used_at=None).count()) == 0
    with counted() as statements:
        await acme.run(key_use.write)
    assert not statements


def test_a_tenant_that_is_gone_loses_no_others_uses(acme, caplog):
    with tenant_context(acme.ref):
        row, _ = create_api_key("used", acme.member)
    key_use.note(TenantRef(999, "gone"), 1)
    key_use.note(acme.ref, row.pk)
    key_use.write()
    with tenant_context(acme.ref):
        assert ApiKey.objects.get(pk=row.pk).last_used_at is not None
    connection.close()
    assert "could not be stored" in caplog.text


# -- issuing


@pytest.fixture
def in_acme(acme):
    with tenant_context(acme.ref):
        yield acme


def acting(tenant: TenantFixture, *scopes: str, user=None, assistants=()):
    """The actor that a new key is."""
    user = user or tenant.owner
    row, _ = create_api_key("acting", user, scopes=scopes, assistants=assistants)
    return Actor("api_key", tenant.ref, user.pk, row.pk, roles_of(user), **limits_of(row))


@pytest.mark.parametrize("scopes", [[], ["fly"], ["chat", "threads:*"]])
def test_scopes_that_do_not_exist_and_no_scopes_are_refused(in_acme, scopes):
    with pytest.raises(InvalidInput) as refusal:
        issue_api_key(in_acme.actor(in_acme.owner), "new", None, KeyLimits(scopes=scopes))
    assert refusal.value.facts["errors"][0]["field"] == "scopes"


@pytest.mark.parametrize("holder", [None, "member"])
def test_the_admin_scope_is_for_keys_of_those_who_administer(in_acme, holder):
    user = in_acme.member if holder else None
    with pytest.raises(InvalidInput, match="acts for an owner or an admin"):
        issue_api_key(in_acme.actor(in_acme.owner), "new", user, KeyLimits(scopes=[ADMIN_SCOPE]))


def test_a_key_issues_no_key_that_may_do_more_than_itself(in_acme):
    issuer = acting(in_acme, ADMIN_SCOPE, THREADS_READ, assistants=["docs_assistant"])
    only_docs = {"assistants": ["docs_assistant"]}
    issue_api_key(issuer, "less", in_acme.member, KeyLimits(scopes=[THREADS_READ], **only_docs))
    with pytest.raises(ScopeMissing):
        issue_api_key(issuer, "more", in_acme.member, KeyLimits(scopes=[CHAT], **only_docs))
    for assistants in ([], ["docs_assistant", "another"]):
        with pytest.raises(NotAllowed):
            issue_api_key(issuer, "wider", None, KeyLimits(scopes=[THREADS_READ], assistants=assistants))


def test_a_stolen_key_cannot_make_itself_a_successor(in_acme):
    issuer = acting(in_acme, *SCOPES)
    for user in (in_acme.owner, in_acme.member):
        with pytest.raises((NotAllowed, InvalidInput)):
            issue_api_key(issuer, "heir", user, KeyLimits(scopes=[ADMIN_SCOPE]))


async def test_keys_over_http(server, acme):
    client, row = await key_with(server, acme, *SCOPES, user=acme.owner)
    wanted = {"name": "Website", "scopes": ["chat"], "assistants": ["docs_assistant"], "member_id": acme.member.pk}
    made = await client.post("/api/keys/", json=wanted | {"expires_at": "2099-01-01T00:00:00Z"})
    assert made.status_code == 201
    key = made.json()
    assert (key["scopes"], key["assistants"], key["member_id"]) == (["chat"], ["docs_assistant"], acme.member.pk)
    listed = (await client.get("/api/keys/")).json()
    assert [each["name"] for each in listed] == ["Website", "limited", "tests"]
    assert key["key"] not in str(listed)
    program = server.client(acme.host, Authorization=f"Bearer {key['key']}")
    assert (await program.get("/api/assistants/")).status_code == 200
    assert (await client.delete(f"/api/keys/{key['id']}/")).status_code == 204
    assert (await program.get("/api/assistants/")).status_code == 401
    assert (await client.delete(f"/api/keys/{row.pk + 10**6}/")).status_code == 404
    assert (await client.delete(f"/api/keys/{10**30}/")).status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "\x00"}, "name"),
        ({"scopes": ["fly"]}, "scopes"),
        ({"member_id": 999_999}, "member_id"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2099-01-01T00:00:00"}, "expires_at"),
    ],
)
async def test_a_wish_for_a_key_that_is_not_right_says_where(server, acme, changes, field):
    client = server.client(acme.host, **await session_of(acme, acme.owner))
    answer = await client.post("/api/keys/", json={"name": "new", "scopes": ["chat"]} | changes)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
