"""Both consoles: who gets in, what each host serves, and that no page needs an inline script or style."""

from __future__ import annotations

import re

import httpx
import pytest
from django.contrib.admin import sites
from django.core.cache import cache

from atrium.consoles import operator_site, tenant_site
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.consoles import PUBLIC_HOST, Console

TENANT_PAGES = [
    "",
    "assistants/thread/",
    "rag/document/",
    "rag/document/add/",
    "rag/collection/",
    "rag/collection/add/",
    "tenants/user/",
    "tenants/user/add/",
    "tenants/accessrule/",
    "tenants/accessrule/add/",
    "tenants/apikey/",
    "tenants/apikey/add/",
    "password_change/",
]
OPERATOR_PAGES = [
    "",
    "tenants/tenant/",
    "tenants/tenant/add/",
    "tenants/user/",
    "tenants/user/add/",
]
FORBIDDEN_INLINE = {
    "a style element": r"<style\b",
    "a style attribute": r"<[^>]+\sstyle=",
    "an inline script": r"<script(?![^>]*(?:\bsrc=|type=\"application/json\"))[^>]*>",
    "an event handler": r"<[^>]+\son[a-z]+=",
}


def assert_needs_nothing_inline(page: httpx.Response) -> None:
    found = {what for what, pattern in FORBIDDEN_INLINE.items() if re.search(pattern, page.text)}
    assert not found, f"{page.url} has {', '.join(found)}"


async def test_staff_sign_in_with_the_form_and_see_whose_console_it_is(console, acme):
    owners = await console(acme.host, "owner")
    page = await owners.open()
    assert page.status_code == 200
    assert "<title> Overview | Acme console</title>" in re.sub(r"\s+", " ", page.text)


@pytest.mark.parametrize(
    ("username", "password"),
    [("member", "correct horse battery staple"), ("owner", "wrong"), ("nobody", "wrong")],
    ids=["a member without staff", "a wrong password", "an unknown name"],
)
async def test_the_door_stays_closed(server, acme, username, password):
    console = Console(server.client(acme.host))
    answer = await console.sign_in(username, password)
    assert answer.status_code == 200
    assert "Please enter the correct" in answer.text
    assert (await console.open("tenants/apikey/")).status_code == 302


async def test_a_member_who_is_signed_in_to_the_chat_gets_no_console(server, acme):
    client = server.client(acme.host)
    form = await client.get("/accounts/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.text)
    await client.post(
        "/accounts/login/",
        data={"username": "member", "password": "correct horse battery staple", "csrfmiddlewaretoken": token[1]},
    )
    assert (await client.get("/")).status_code == 200
    refused = await client.get("/admin/", follow_redirects=True)
    assert refused.url.path == "/admin/login/"
    assert "who may not use this console" in refused.text


async def test_each_host_knows_its_own_console_only(console, acme, operator):
    owners, operators = await console(acme.host, "owner"), await console(PUBLIC_HOST, "operator")
    for page in ("tenants/tenant/", "tenants/tenant/add/"):
        assert (await owners.open(page)).status_code == 404
    for page in ("assistants/thread/", "rag/document/", "tenants/apikey/", "tenants/accessrule/"):
        assert (await operators.open(page)).status_code == 404


async def test_a_tenants_session_opens_nothing_at_another_host(console, server, acme, globex, operator):
    owners = await console(acme.host, "owner")
    for host in (globex.host, PUBLIC_HOST):
        stranger = server.client(host, Cookie=f"sessionid={owners.client.cookies['sessionid']}")
        answer = await stranger.get("/admin/")
        assert answer.status_code == 302
        assert answer.headers["location"].startswith("/admin/login/")


async def test_an_operator_is_no_member_of_any_tenant(server, acme, operator):
    answer = await Console(server.client(acme.host)).sign_in("operator")
    assert "Please enter the correct" in answer.text


async def test_an_editor_sees_knowledge_and_conversations_only(console, acme, staff):
    editors = await console(acme.host, "editor")
    overview = await editors.open()
    assert "Documents ready" in overview.text
    assert "API keys" not in overview.text
    for page in ("rag/document/", "rag/document/add/", "assistants/thread/"):
        assert (await editors.open(page)).status_code == 200
    for page in ("tenants/user/", "tenants/apikey/", "tenants/accessrule/", "tenants/apikey/add/"):
        assert (await editors.open(page)).status_code == 403


@pytest.mark.parametrize("path", TENANT_PAGES)
async def test_a_page_of_the_tenants_console_needs_nothing_inline(console, acme, path):
    page = await (await console(acme.host, "owner")).open(path)
    assert page.status_code == 200
    assert_needs_nothing_inline(page)
    policy = page.headers["content-security-policy"]
    assert "script-src 'self' 'unsafe-eval';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe-inline" not in policy


@pytest.mark.parametrize("path", OPERATOR_PAGES)
async def test_a_page_of_the_operators_console_needs_nothing_inline(console, operator, path):
    page = await (await console(PUBLIC_HOST, "operator")).open(path)
    assert page.status_code == 200
    assert_needs_nothing_inline(page)


async def test_the_login_page_needs_nothing_inline_and_has_the_consoles_policy(server, acme):
    page = await server.client(acme.host).get("/admin/login/")
    assert_needs_nothing_inline(page)
    assert "'unsafe-eval'" in page.headers["content-security-policy"]


async def test_only_the_consoles_may_evaluate_text(server, acme):
    page = await server.client(acme.host).get("/accounts/login/")
    assert "unsafe-eval" not in page.headers["content-security-policy"]


def test_nothing_registers_itself_on_djangos_own_site():
    apps = {model._meta.app_label for model in sites.site._registry}
    assert apps <= {"auth"}, "importing Django's UserAdmin brings its groups; no address leads to that site"
    assert Tenant in operator_site._registry
    assert Tenant not in tenant_site._registry


def test_what_one_tenant_caches_is_not_found_by_another(acme, globex):
    with tenant_context(acme.ref):
        cache.set("found", "acme's")
        assert cache.get("found") == "acme's"
    with tenant_context(globex.ref):
        assert cache.get("found") is None


async def test_a_row_that_is_not_there_is_a_page_that_is_not_there(console, acme):
    owners = await console(acme.host, "owner")
    for path in ("tenants/budget/7/change/", "rag/document/nonsense/history/", "tenants/apikey/987654/change/"):
        page = await owners.open(path)
        assert (page.status_code, "There is nothing at this address" in page.text) == (404, True), path
