"""A tenant's access rules decide what its people see and run, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group

from assistants.assistants import AIAssistant
from assistants.models import Message, Run
from tenants.keys import create_api_key
from tenants.models import AccessRule
from tests.factories import TenantFixture, make_member

DOCS, FIRST, SECOND = "docs_assistant", "rules_first", "rules_second"


@pytest.fixture(autouse=True)
def two_more_assistants() -> Iterator[None]:
    class First(AIAssistant):
        id = FIRST
        name = "First"
        instructions = "Be brief."

    class Second(AIAssistant):
        id = SECOND
        name = "Second"
        instructions = "Be briefer."

    yield
    for assistant_id in (FIRST, SECOND):
        AIAssistant.get_cls_registry().pop(assistant_id)


class People:
    """Acme's people over HTTP, and its rules."""

    def __init__(self, server, acme: TenantFixture) -> None:
        self.server = server
        self.acme = acme

    async def rules(self, *rules: dict) -> None:
        """Replace all of acme's rules about assistants; those about conversations stay as a tenant starts with them."""

        def replace() -> None:
            AccessRule.objects.filter(action="assistant.*").delete()
            for rule in rules:
                role = rule.get("role")
                group = Group.objects.get(name=role) if role else None
                AccessRule.objects.create(**{**rule, "role": group})

        await self.acme.run(replace)

    async def client(self, user=None, role: str = ""):
        """A client with a new key: of ``user``, of a new member with ``role``, or of nobody."""

        def make() -> str:
            holder = make_member(f"new-{role}", role) if role else user
            return create_api_key("rules", holder)[1]

        return self.server.client(self.acme.host, Authorization=f"Bearer {await self.acme.run(make)}")

    async def sees(self, client) -> set[str]:
        """The assistants that are listed, of those that these tests know."""
        listed = (await client.get("/api/assistants/")).json()
        return {assistant["id"] for assistant in listed} & {DOCS, FIRST, SECOND}

    async def runs(self, client) -> set[str]:
        """The assistants that answer; checks that a refusal is the right one and writes nothing."""
        answered = set()
        for assistant_id in (DOCS, FIRST, SECOND):
            thread = (await client.post("/api/threads/", json={})).json()["id"]
            body = {"assistant_id": assistant_id, "content": "Hello?"}
            before = await self.acme.run(rows)
            response = await client.post(f"/api/threads/{thread}/messages/", json=body)
            if response.status_code == 201:
                answered.add(assistant_id)
            else:
                assert (response.status_code, response.json()["code"]) == (403, "assistant_not_allowed")
                assert await self.acme.run(rows) == before
        return answered

    async def check(self, client, expected: set[str]) -> None:
        assert await self.sees(client) == expected
        assert await self.runs(client) == expected


def rows() -> tuple[int, int]:
    return Message.objects.count(), Run.objects.count()


@pytest.fixture
def people(server, acme) -> People:
    return People(server, acme)


def everyone(effect: str, assistant_id: str = "") -> dict:
    return {"effect": effect, "assistant_id": assistant_id, "audience": "everyone"}


def role(effect: str, name: str, assistant_id: str = "") -> dict:
    return {"effect": effect, "assistant_id": assistant_id, "audience": "role", "role": name}


def member(effect: str, user, assistant_id: str = "") -> dict:
    return {"effect": effect, "assistant_id": assistant_id, "audience": "member", "member": user}


ALL = {DOCS, FIRST, SECOND}


async def test_a_new_tenants_one_rule_lets_everyone_signed_in_use_every_assistant(people):
    await people.check(await people.client(people.acme.member), ALL)


async def test_without_a_rule_nobody_has_access_not_even_the_owner(people):
    await people.rules()
    for user in (people.acme.member, people.acme.owner, None):
        await people.check(await people.client(user), set())


async def test_a_rule_that_is_switched_off_is_no_rule(people):
    await people.rules({**everyone("allow"), "enabled": False})
    await people.check(await people.client(people.acme.member), set())


async def test_a_deny_beats_an_allow(people):
    await people.rules(everyone("allow"), everyone("deny", FIRST))
    await people.check(await people.client(people.acme.member), {DOCS, SECOND})


async def test_an_allow_of_one_assistant_is_of_that_one(people):
    await people.rules(everyone("allow", FIRST))
    await people.check(await people.client(people.acme.member), {FIRST})


async def test_a_rule_for_a_role_is_for_those_who_hold_it(people):
    await people.rules(role("allow", "Editor", FIRST), role("allow", "Member", SECOND))
    await people.check(await people.client(role="Editor"), {FIRST})
    await people.check(await people.client(people.acme.member), {SECOND})
    await people.check(await people.client(people.acme.owner), set())


async def test_a_role_that_is_denied_is_denied_to_those_who_hold_it(people):
    await people.rules(everyone("allow"), role("deny", "Editor", DOCS))
    await people.check(await people.client(role="Editor"), {FIRST, SECOND})
    await people.check(await people.client(people.acme.member), ALL)


async def test_a_rule_for_a_member_is_for_that_one(people):
    await people.rules(member("allow", people.acme.member), member("deny", people.acme.member, SECOND))
    await people.check(await people.client(people.acme.member), {DOCS, FIRST})
    await people.check(await people.client(people.acme.outsider), set())


async def test_a_key_of_nobody_is_everyone_and_holds_no_role(people):
    await people.rules(everyone("allow", DOCS), *(role("allow", name) for name in ("Owner", "Admin", "Member")))
    await people.check(await people.client(None), {DOCS})


async def test_a_change_of_a_rule_holds_from_the_next_request_on(people):
    client = await people.client(people.acme.member)
    assert await people.sees(client) == ALL
    await people.rules(everyone("allow"), everyone("deny", DOCS))
    await people.check(client, {FIRST, SECOND})


async def test_the_rules_of_one_tenant_say_nothing_at_another(people, globex):
    await people.rules()
    client = people.server.signed_in(globex)
    assert await people.sees(client) == ALL


async def test_a_run_names_the_rule_that_allowed_it(people):
    await people.rules(everyone("allow", FIRST), member("allow", people.acme.member, SECOND))
    await people.check(await people.client(people.acme.member), {FIRST, SECOND})
    allowed_by = await people.acme.run(lambda: dict(Run.objects.values_list("assistant_id", "rule_id")))
    ids = await people.acme.run(
        lambda: dict(AccessRule.objects.filter(action="assistant.*").values_list("assistant_id", "pk"))
    )
    assert allowed_by == ids


async def test_a_stream_that_no_rule_allows_is_refused_before_its_first_byte(people):
    await people.rules()
    client = await people.client(people.acme.member)
    thread = (await client.post("/api/threads/", json={})).json()["id"]
    response = await client.post(
        f"/api/threads/{thread}/messages/",
        json={"assistant_id": DOCS, "content": "Hello?"},
        headers={"Accept": "text/event-stream"},
    )
    assert response.status_code == 403
    assert response.headers["Content-Type"] == "application/problem+json"


async def test_a_thread_cannot_be_bound_to_an_assistant_that_no_rule_allows(people):
    await people.rules(everyone("allow", FIRST))
    client = await people.client(people.acme.member)
    assert (await client.post("/api/threads/", json={"assistant_id": FIRST})).status_code == 201
    refused = await client.post("/api/threads/", json={"assistant_id": SECOND})
    assert (refused.status_code, refused.json()["code"]) == (403, "assistant_not_allowed")
    thread = (await client.post("/api/threads/", json={})).json()["id"]
    assert (await client.patch(f"/api/threads/{thread}/", json={"assistant_id": SECOND})).status_code == 403
