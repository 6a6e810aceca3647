"""A person who is refused reads a page; a program reads what it always did."""

from __future__ import annotations

import re

import pytest

from tenants.context import public_context
from tenants.hosts import host_map
from tenants.models import Tenant
from tests.consoles import PUBLIC_HOST

BROWSER = {"Accept": "text/html,application/xhtml+xml"}


async def test_an_editor_is_told_in_the_console_that_a_page_is_not_theirs(console, acme, staff):
    editors = await console(acme.host, "editor")
    for path in ("tenants/user/", "usage/"):
        page = await editors.open(path)
        assert page.status_code == 403
        assert "This page is not yours to open" in page.text
        assert 'href="/admin/"' in page.text


async def test_what_is_not_there_is_a_page_in_both_consoles(console, acme, operator):
    for host, name in ((acme.host, "owner"), (PUBLIC_HOST, "operator")):
        page = await (await console(host, name)).open("nothing/here/")
        assert page.status_code == 404
        assert "There is nothing at this address" in page.text
        assert ("To the chat" in page.text) == (host == acme.host)
        style = re.search(r"<style>(.*?)</style>", page.text, re.S)
        assert style
        assert "'sha256-" in page.headers["content-security-policy"]


async def test_what_fails_or_makes_no_sense_is_a_page_that_says_what_to_do(console, acme, monkeypatch):
    def broken(*args: object) -> None:
        raise RuntimeError("a secret")

    owners = await console(acme.host, "owner")
    monkeypatch.setattr("rag.admin.documents.search_context", broken)
    failed = await owners.open("rag/document/search/")
    assert (failed.status_code, "Something went wrong on our side" in failed.text) == (500, True)
    assert failed.headers["x-request-id"] in failed.text
    assert "secret" not in failed.text
    odd = await owners.open("assistants/run/?_to_field=id_of_nothing")
    assert (odd.status_code, "This request makes no sense here" in odd.text) == (400, True)
    expired = await owners.client.post("/admin/rag/collection/add/", data={"name": "Pages"})
    assert (expired.status_code, "This form is out of date" in expired.text) == (403, True)
    for answer in (failed, odd, expired):
        assert "'sha256-" in answer.headers["content-security-policy"]
        assert 'href="/admin/"' in answer.text


async def test_a_null_byte_in_an_address_asks_for_nothing(console, acme):
    owners = await console(acme.host, "owner")
    for path in ("rag/document/?status=%00", "assistants/run/?q=a&assistant=%00", "tenants/accessrule/?effect=%00"):
        assert (await owners.open(path)).status_code == 302, path
    for path in (
        "rag/document/%00/change/",
        "assistants/configuredassistant/a%00/change/",
        "tenants/user/%00/history/",
    ):
        assert (await owners.open(path)).status_code == 404, path


async def test_a_null_byte_in_an_address_of_the_api_asks_for_nothing(console, acme):
    owners = await console(acme.host, "owner")
    for path, status in (
        ("threads/?assistant_id=%00", 422),
        ("audit/export?search=%00", 422),
        ("audit/export?actor=%00", 422),
        ("admin/assistants/%00/", 404),
        ("access/explain?action=assistant.run&actor=member:%00", 404),
    ):
        answer = await owners.client.get(f"/api/{path}")
        assert (path, answer.status_code) == (path, status)
        assert answer.json()["code"] == {404: "not_found", 422: "invalid_input"}[status]


@pytest.mark.parametrize("path", ["/api/nothing/", "/nothing/"])
async def test_a_program_is_answered_without_a_page(server, acme, path):
    answer = await server.client(acme.host).get(path)
    assert answer.status_code == 404
    assert "data-testid" not in answer.text


@pytest.mark.parametrize("path", ["/api/nothing/", "/api/threads"])
async def test_an_address_that_the_api_does_not_have_is_a_problem_also_for_a_browser(server, acme, path):
    answer = await server.client(acme.host).get(path, headers=BROWSER)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_url")


async def test_a_wrong_method_is_a_problem_that_names_the_right_ones(server, acme):
    answer = await server.client(acme.host).put("/api/threads/")
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "POST"}
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_a_host_of_nobodys_has_a_page_for_browsers_and_json_for_programs(server, acme):
    client = server.client("nobody.localhost")
    page = await client.get("/", headers=BROWSER)
    assert (page.status_code, "Nobody answers at this address" in page.text) == (404, True)
    assert "'sha256-" in page.headers["content-security-policy"]
    assert "href=" not in page.text
    for path, accept in (("/", "*/*"), ("/api/threads/", "text/html")):
        answer = await client.get(path, headers={"Accept": accept})
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_host")


async def test_a_suspended_host_has_a_page_for_browsers_and_json_for_programs(server, acme):
    def suspend() -> None:
        with public_context():
            Tenant.objects.filter(schema_name="acme").update(status="suspended")

    await acme.run(suspend)
    host_map.forget()
    client = server.client(acme.host)
    page = await client.get("/admin/", headers=BROWSER)
    assert (page.status_code, "This site is suspended" in page.text) == (403, True)
    assert "'sha256-" in page.headers["content-security-policy"]
    assert "href=" not in page.text
    answer = await client.get("/api/threads/")
    assert (answer.status_code, answer.json()["code"]) == (403, "tenant_suspended")
