"""Questions to the example's assistants over the API, as members and keys of two tenants, with the offline model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from atrium.demo.example.models import Issue
from tenants.context import tenant_context
from tenants.keys import create_api_key
from tenants.models import User
from tests.factories import TenantFixture, make_member

Ask = Callable[..., Awaitable[str]]


@pytest.fixture
def client_of(server) -> Callable[..., Awaitable[httpx.AsyncClient]]:
    """``await client_of(tenant, user)``: a client with a key that acts for the member, or for nobody."""

    async def sign_in(tenant: TenantFixture, user: User | None) -> httpx.AsyncClient:
        _, secret = await tenant.run(lambda: create_api_key("tests", user))
        return server.client(tenant.host, Authorization=f"Bearer {secret}")

    return sign_in


@pytest.fixture
def ask(server, client_of) -> Ask:
    """``await ask(tenant, assistant_id, question, by=user)``: the answer's text; by default the member asks."""

    async def ask(tenant: TenantFixture, assistant_id: str, question: str, **who: Any) -> str:
        client = await client_of(tenant, who["by"]) if who else server.signed_in(tenant)
        response = await post_question(client, assistant_id, question)
        assert response.status_code == 201, response.text
        return response.json()[-1]["content"]

    return ask


async def post_question(
    client: httpx.AsyncClient, assistant_id: str, question: str, accept: str = "application/json"
) -> httpx.Response:
    """The response to the question, in a new thread."""
    thread = (await client.post("/api/threads/", json={})).json()["id"]
    body = {"assistant_id": assistant_id, "content": question}
    return await client.post(f"/api/threads/{thread}/messages/", json=body, headers={"Accept": accept})


def make_issue(tenant: TenantFixture, title: str, **fields: Any) -> Issue:
    """An issue of the tenant's, made without asking anybody."""
    with tenant_context(tenant.ref):
        return Issue.objects.create(title=title, **fields)


@pytest.fixture
def toner(acme) -> Issue:
    return make_issue(acme, "Printer is out of toner", body="On the second floor.")


@pytest.fixture
def filters(globex) -> Issue:
    return make_issue(globex, "Water filters are missing")


@pytest.fixture
def people(acme) -> dict[str, User]:
    """A member of acme for each role, by the role's name."""
    with tenant_context(acme.ref):
        made = {role: make_member(role.lower(), role) for role in ("Admin", "Editor")}
    return {"Owner": acme.owner, "Member": acme.member, **made}
