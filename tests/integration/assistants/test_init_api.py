"""The API in a project with URLs of its own, made by the project's own function."""

from __future__ import annotations

import base64
import importlib
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from django.urls import clear_url_caches, include, path
from ninja import NinjaAPI
from ninja.security import HttpBasicAuth, HttpBearer, django_auth

from assistants.api.assembly import assemble_api
from tests.factories import PASSWORD
from tests.sessions import session_of


@contextmanager
def project(init_api: Callable[[], NinjaAPI] | str = "assistants.api.init_api") -> Iterator[None]:
    """A project whose urls.py has ``path("ai-assistant/", include("assistants.urls"))``."""
    urls = types.ModuleType("project_urls")
    with override_settings(ROOT_URLCONF=urls, AI_ASSISTANT_INIT_API_FN=init_api):
        importlib.reload(importlib.import_module("assistants.urls"))
        urls.urlpatterns = [path("ai-assistant/", include("assistants.urls"))]
        clear_url_caches()
        yield
    clear_url_caches()


class Basic(HttpBasicAuth):
    """As people write it: synchronous, with the ORM in it."""

    def authenticate(self, request, username, password):
        return authenticate(request, username=username, password=password)


class Token(HttpBearer):
    async def authenticate(self, request, token):
        return token if token == "of nobody in particular" else None


def with_sessions() -> NinjaAPI:
    return NinjaAPI(title="A project", auth=django_auth)


def with_passwords() -> NinjaAPI:
    return NinjaAPI(title="A project", auth=[Basic(), Token()])


def without_auth() -> NinjaAPI:
    return NinjaAPI(title="A project")


async def ask(client) -> list[dict]:
    thread = await client.post("/ai-assistant/threads/", json={"name": "x"})
    assert thread.status_code == 201, thread.text
    body = {"assistant_id": "docs_assistant", "content": "hello"}
    answer = await client.post(f"/ai-assistant/threads/{thread.json()['id']}/messages/", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_project_serves_the_api_where_it_wants(server, acme):
    with project():
        assert [message["type"] for message in await ask(server.signed_in(acme))] == ["human", "ai"]
        refused = await server.signed_in(acme).get("/ai-assistant/threads/x/")
        assert (refused.status_code, refused.json()["code"]) == (404, "thread_not_found")


async def test_its_document_is_there_to_be_read(server, acme):
    with project():
        client = server.client(acme.host)
        page = await client.get("/ai-assistant/docs")
        assert (page.status_code, "swagger-ui" in page.text) == (200, True)
        assert "://" not in page.text.replace("http://www.w3.org", "")  # nothing comes from elsewhere
        document = (await client.get("/ai-assistant/openapi.json")).json()
        assert "ai_create_thread_message" in str(document["paths"]["/ai-assistant/threads/{thread_id}/messages/"])


async def test_a_session_signs_in_where_the_project_says_so(server, acme):
    with project(with_sessions):
        assert len(await ask(server.client(acme.host, **await session_of(acme)))) == 2
        refused = await server.signed_in(acme).get("/ai-assistant/threads/")
        assert (refused.status_code, refused.json()["code"]) == (401, "not_signed_in")


async def test_a_synchronous_sign_in_of_the_projects_own_may_use_the_orm(server, acme):
    with project(with_passwords):
        basic = base64.b64encode(f"member:{PASSWORD}".encode()).decode()
        client = server.client(acme.host, Authorization=f"Basic {basic}")
        assert len(await ask(client)) == 2
        assert len((await client.get("/ai-assistant/threads/")).json()) == 1
        wrong = base64.b64encode(b"member:guess").decode()
        refused = await server.client(acme.host, Authorization=f"Basic {wrong}").get("/ai-assistant/threads/")
        assert refused.status_code == 401


async def test_a_sign_in_that_names_no_member_lets_nobody_in(server, acme):
    with project(with_passwords):
        client = server.client(acme.host, Authorization="Bearer of nobody in particular")
        refused = await client.get("/ai-assistant/threads/")
        assert (refused.status_code, refused.json()["code"]) == (401, "not_signed_in")


async def test_an_api_without_a_sign_in_of_its_own_is_not_open(server, acme):
    with project(without_auth):
        assert (await server.client(acme.host).get("/ai-assistant/threads/")).status_code == 401
        assert len(await ask(server.signed_in(acme))) == 2


def test_a_function_that_makes_no_api_is_refused():
    with override_settings(AI_ASSISTANT_INIT_API_FN=dict), pytest.raises(ImproperlyConfigured, match="INIT_API_FN"):
        assemble_api()
