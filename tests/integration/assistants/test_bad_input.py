"""Every refusal is a problem document with a stable code, and leaves nothing half-written."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from assistants.models import Message, Run, Thread
from tenants.context import public_context, tenant_context
from tenants.models import Tenant


@pytest.fixture
def acme_thread(acme) -> str:
    with tenant_context(acme.ref):
        return str(Thread.objects.create(created_by=acme.member).pk)


@pytest.fixture
def globex_thread(globex) -> str:
    with tenant_context(globex.ref):
        return str(Thread.objects.create(created_by=globex.member).pk)


def check_problem(response, status: int, code: str) -> dict:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["title"]
    assert problem["detail"]
    assert "Traceback" not in response.text
    return problem


async def check_nothing_written(tenant) -> None:
    assert not await tenant.run(Message.objects.exists)
    assert not await tenant.run(Run.objects.exists)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"assistant_id": "docs_assistant", "content": ""}, 422, "empty_content"),
        ({"assistant_id": "docs_assistant", "content": "  \n "}, 422, "empty_content"),
        ({"assistant_id": "docs_assistant", "content": "nul \x00 inside"}, 422, "invalid_input"),
        ({"assistant_id": "docs_assistant", "content": "x" * 1_000_000}, 413, "too_large"),
        ({"assistant_id": "docs_assistant", "content": "x" * 3_000_000}, 413, "too_large"),
        ({"assistant_id": "docs_assistant", "content": "\ud800"}, 422, "invalid_input"),
        ({"assistant_id": "nobody", "content": "hello"}, 404, "assistant_not_found"),
        ({"assistant_id": "nul\x00", "content": "hello"}, 404, "assistant_not_found"),
        ({"assistant_id": "docs_assistant"}, 422, "invalid_input"),
        ({"assistant_id": "docs_assistant", "content": ["a"]}, 422, "invalid_input"),
        ({"assistant_id": 7, "content": "hello"}, 422, "invalid_input"),
        ([], 422, "invalid_input"),
    ],
)
@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
async def test_it_refuses_a_bad_message(server, acme, acme_thread, body, status, code, accept):
    url = f"/api/threads/{acme_thread}/messages/"
    headers = {"Accept": accept, "Content-Type": "application/json"}
    response = await server.signed_in(acme).post(url, content=json.dumps(body), headers=headers)
    check_problem(response, status, code)
    await check_nothing_written(acme)


async def test_it_names_the_field_that_is_wrong(server, acme, acme_thread):
    url = f"/api/threads/{acme_thread}/messages/"
    response = await server.signed_in(acme).post(url, json={"content": "hello"})
    problem = check_problem(response, 422, "invalid_input")
    assert problem["errors"][0]["field"] == "assistant_id"


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"content": NaN'])
async def test_it_refuses_a_body_that_is_no_json(server, acme, acme_thread, body):
    url = f"/api/threads/{acme_thread}/messages/"
    headers = {"Content-Type": "application/json"}
    check_problem(await server.signed_in(acme).post(url, content=body, headers=headers), 400, "malformed_body")
    await check_nothing_written(acme)


ODD_IDS = ["1", "-1", "x", "%00", str(uuid4()), "9" * 400, "00000000-0000-0000-0000-00000000000g", "a%20b"]


@pytest.mark.parametrize("thread_id", ODD_IDS)
async def test_it_knows_no_thread_by_an_unknown_id_whatever_its_form(server, acme, thread_id):
    client = server.signed_in(acme)
    url = f"/api/threads/{thread_id}/"
    body = {"assistant_id": "docs_assistant", "content": "hello"}
    check_problem(await client.get(url), 404, "thread_not_found")
    check_problem(await client.delete(url), 404, "thread_not_found")
    check_problem(await client.get(f"{url}messages/"), 404, "thread_not_found")
    check_problem(await client.post(f"{url}messages/", json=body), 404, "thread_not_found")


async def test_a_foreign_thread_looks_like_one_that_does_not_exist(server, acme, globex, globex_thread):
    client = server.signed_in(acme)
    body = {"assistant_id": "docs_assistant", "content": "hello"}
    foreign = await client.post(f"/api/threads/{globex_thread}/messages/", json=body)
    unknown = await client.post(f"/api/threads/{uuid4()}/messages/", json=body)
    without_request = [{**response.json(), "request_id": ""} for response in (foreign, unknown)]
    assert without_request[0] == without_request[1]
    await check_nothing_written(globex)


@pytest.mark.parametrize("key", ["atr_wrong", "x" * 10_000, "ä"])
async def test_it_refuses_a_wrong_key(server, acme, key):
    headers = {"Authorization": f"Bearer {key}".encode()}
    response = await server.client(acme.host).get("/api/threads/", headers=headers)
    check_problem(response, 401, "wrong_api_key")


async def test_it_refuses_another_tenants_key(server, acme, globex):
    client = server.client(acme.host, **globex.bearer)
    check_problem(await client.get("/api/threads/"), 401, "wrong_api_key")


async def test_it_refuses_nobody(server, acme):
    refused = await server.client(acme.host).get("/api/threads/")
    check_problem(refused, 401, "not_signed_in")
    assert refused.headers["www-authenticate"] == "Bearer"


async def test_it_refuses_a_suspended_tenant_at_once_and_keeps_its_data(server, acme, acme_thread):
    client = server.signed_in(acme)
    assert (await client.get("/api/threads/")).status_code == 200
    await suspend("acme")
    for path in ("/api/threads/", "/admin/", "/"):
        check_problem(await client.get(path), 403, "tenant_suspended")
    assert await acme.run(Thread.objects.filter(pk=acme_thread).exists)


async def suspend(schema_name: str) -> None:
    from tenants.database import in_database

    def change() -> None:
        with public_context():
            tenant = Tenant.objects.get(schema_name=schema_name)
            tenant.status = Tenant.Status.SUSPENDED
            tenant.save()

    await in_database(change)


@pytest.mark.parametrize("host", ["nobody.localhost", "example.com", "acme.localhost.evil.com", "acme", "-"])
async def test_it_knows_nothing_at_an_unknown_host(server, acme, host):
    client = server.client(host, **acme.bearer)
    for path in ("/api/threads/", "/admin/", "/"):
        check_problem(await client.get(path), 404, "unknown_host")


async def test_it_lets_nobody_use_the_api_at_the_public_host(server, acme):
    client = server.client("localhost", **acme.bearer)
    assert (await client.get("/api/threads/")).status_code == 404


async def test_it_hides_what_nobody_foresaw(server, acme, monkeypatch):
    from assistants.use_cases import threads

    def broken(*args: object) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(threads, "list_threads", broken)
    response = await server.signed_in(acme).get("/api/threads/")
    check_problem(response, 500, "internal_error")
    assert "hunter2" not in response.text


async def test_it_refuses_a_name_that_is_too_long(server, acme):
    response = await server.signed_in(acme).post("/api/threads/", json={"name": "x" * 300})
    check_problem(response, 422, "invalid_input")
