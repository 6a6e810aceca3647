"""Access rules about conversations, messages, tools and collections, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group

from assistants.assistants import AIAssistant
from assistants.models import Message, Run, Thread
from assistants.tools import method_tool
from rag.models import Collection
from tenants.keys import create_api_key
from tenants.models import AccessRule
from tests.documents import add_ready_document
from tests.played_model import PlayedModel, wants

DOCS = "docs_assistant"


@pytest.fixture
async def client(server, acme):
    return server.signed_in(acme)


@pytest.fixture
async def deny(acme):
    """``await deny(action=..., assistant_id=...)``: a rule for everyone, beside those that a tenant starts with."""

    async def add(**fields) -> AccessRule:
        return await acme.run(lambda: AccessRule.objects.create(effect="deny", **fields))

    return add


async def thread_of(client, **body) -> str:
    return f"/api/threads/{(await client.post('/api/threads/', json=body)).json()['id']}/"


async def ask(client, thread: str, assistant: str = DOCS):
    return await client.post(f"{thread}messages/", json={"assistant_id": assistant, "content": "Hello?"})


# -- threads and messages


async def test_without_the_rule_about_conversations_nobody_begins_one(client, acme):
    await acme.run(AccessRule.objects.filter(action="thread.*").delete)
    refused = await client.post("/api/threads/", json={})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert not await acme.run(Thread.objects.exists)


async def test_a_conversation_with_an_assistant_that_is_denied_is_not_begun(client, deny):
    await deny(action="thread.create", assistant_id=DOCS)
    assert (await client.post("/api/threads/", json={})).status_code == 201
    assert (await client.post("/api/threads/", json={"assistant_id": DOCS})).status_code == 403


async def test_a_conversation_that_may_not_be_opened_looks_as_if_it_was_not_there(client, deny, acme):
    thread = await thread_of(client)
    await ask(client, thread)
    run = (await acme.run(Run.objects.get)).pk
    await deny(action="thread.view")
    for path in (thread, f"{thread}messages/", f"/api/runs/{run}/", f"/api/runs/{run}/events/"):
        assert (await client.get(path)).status_code == 404, path
    assert (await ask(client, thread)).status_code == 404
    assert (await client.get("/api/threads/")).json() == []


async def test_conversations_of_one_assistant_alone_may_be_closed(client, deny):
    closed, unbound = await thread_of(client, assistant_id=DOCS), await thread_of(client)
    await deny(action="thread.view", assistant_id=DOCS)
    assert [(await client.get(path)).status_code for path in (closed, unbound)] == [404, 200]
    assert [(await client.get(f"{path}messages/")).status_code for path in (closed, unbound)] == [404, 200]
    assert [f"/api/threads/{each['id']}/" for each in (await client.get("/api/threads/")).json()] == [unbound]


async def test_conversations_of_one_assistant_alone_may_be_open(client, acme):
    opened, unbound = await thread_of(client, assistant_id=DOCS), await thread_of(client)

    def only_docs() -> None:
        rule = AccessRule.objects.get(action="thread.*")
        rule.assistant_id = DOCS
        rule.save()

    await acme.run(only_docs)
    assert [f"/api/threads/{each['id']}/" for each in (await client.get("/api/threads/")).json()] == [opened]
    assert (await client.get(f"{opened}messages/")).status_code == 200
    assert (await client.get(f"{unbound}messages/")).status_code == 404


@pytest.mark.parametrize(
    ("action", "method", "body"),
    [("thread.change", "PATCH", {"name": "new"}), ("thread.delete", "DELETE", None)],
)
async def test_what_is_denied_in_a_conversation_is_refused_and_nothing_is_changed(
    client, deny, acme, action, method, body
):
    thread = await thread_of(client, name="old")
    await deny(action=action)
    refused = await client.request(method, thread, json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert (await acme.run(Thread.objects.get)).name == "old"


async def test_who_may_not_write_messages_is_refused_before_anything_is_stored(client, deny, acme):
    thread = await thread_of(client)
    await deny(action="message.create")
    refused = await ask(client, thread)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert not await acme.run(Message.objects.exists)


async def test_who_may_not_delete_messages_keeps_them(client, deny, acme):
    thread = await thread_of(client)
    await ask(client, thread)
    message = (await client.get(f"{thread}messages/")).json()[0]["id"]
    await deny(action="message.delete")
    assert (await client.delete(f"{thread}messages/{message}/")).status_code == 403
    assert await acme.run(Message.objects.count) == 2


async def test_no_rule_opens_the_conversation_of_another(server, acme, client):
    thread = await thread_of(client)

    def others_key() -> str:
        AccessRule.objects.create(action="*", audience="member", member=acme.outsider)
        return create_api_key("outsider", acme.outsider)[1]

    others = server.client(acme.host, Authorization=f"Bearer {await acme.run(others_key)}")
    for path in (thread, f"{thread}messages/"):
        assert (await others.get(path)).status_code == 404


# -- whom a rule names


async def test_an_assistant_may_be_seen_and_not_run_or_run_and_not_seen(client, deny, acme):
    rule = await deny(action="assistant.run", assistant_id=DOCS)
    assert DOCS in [each["id"] for each in (await client.get("/api/assistants/")).json()]
    thread = await thread_of(client)
    assert (await ask(client, thread)).json()["code"] == "assistant_not_allowed"
    rule.action = "assistant.see"
    await acme.run(rule.save)
    assert DOCS not in [each["id"] for each in (await client.get("/api/assistants/")).json()]
    assert (await client.get(f"/api/assistants/{DOCS}/")).status_code == 403
    assert (await ask(client, thread)).status_code == 201


async def test_a_group_that_is_no_role_counts(client, acme):
    def only_for_sales() -> Group:
        sales = Group.objects.create(name="Sales")
        rule = AccessRule.objects.get(action="assistant.*")
        rule.audience, rule.group = "group", sales
        rule.save()
        return sales

    sales = await acme.run(only_for_sales)
    try:
        assert (await client.get("/api/assistants/")).json() == []
        await acme.run(lambda: acme.member.groups.add(sales))
        assert (await client.get("/api/assistants/")).json() != []
    finally:
        await acme.run(sales.delete)


async def test_one_api_key_may_be_denied_without_its_member(server, acme, client, deny):
    key, secret = await acme.run(lambda: create_api_key("b", acme.member))
    other = server.client(acme.host, Authorization=f"Bearer {secret}")
    await deny(action="*", audience="api_key", api_key=key)
    assert (await client.get("/api/assistants/")).json() != []
    assert (await other.get("/api/assistants/")).json() == []


# -- tools


@pytest.fixture
def with_tools() -> Iterator[type[AIAssistant]]:
    class WithTools(AIAssistant):
        id = "rules_tools"
        name = "With tools"
        instructions = "Help."
        called: list[str] = []

        @method_tool
        def look(self) -> str:
            """Look."""
            self.called.append("look")
            return "seen"

        @method_tool
        def send(self) -> str:
            """Send."""
            self.called.append("send")
            return "sent"

    yield WithTools
    AIAssistant.get_cls_registry().pop("rules_tools")


async def test_the_model_is_not_told_of_a_tool_that_is_denied_and_cannot_call_it(client, deny, with_tools, use_model):
    await deny(action="tool.use", resource="send")
    model = PlayedModel(answers=[wants(("send", {})), wants(("look", {})), "done"])
    use_model(model)
    assert (await ask(client, await thread_of(client), "rules_tools")).status_code == 201
    assert with_tools.called == ["look"]
    assert [tool.name for tool in model.bound] == ["look"]


# -- collections


@pytest.fixture
async def two_collections(acme) -> dict[str, Collection]:
    def make() -> dict[str, Collection]:
        for name in ("Handbook", "Payroll"):
            add_ready_document(acme, f"# {name}\n\nThe zebra of {name} is striped.\n", f"{name}.md", collection=name)
        return {collection.name: collection for collection in Collection.objects.all()}

    return await acme.run(make)


async def found_in(client) -> set[str]:
    answer = await client.post("/api/collections/search/", json={"query": "zebra"})
    return {hit["title"] for hit in answer.json()["hits"]}


async def test_a_collection_that_may_not_be_read_is_neither_listed_nor_searched_nor_opened(
    client, deny, two_collections
):
    payroll = two_collections["Payroll"].pk
    hits = (await client.post("/api/collections/search/", json={"query": "zebra"})).json()["hits"]
    assert {hit["title"] for hit in hits} == {"Handbook", "Payroll"}
    await deny(action="collection.read", resource=str(payroll))
    assert await found_in(client) == {"Handbook"}
    assert "Payroll" not in [each["name"] for each in (await client.get("/api/collections/")).json()]
    assert {each["title"] for each in (await client.get("/api/documents/")).json()} == {"Handbook"}
    named = {"query": "zebra", "collection_ids": [str(payroll)]}
    assert (await client.post("/api/collections/search/", json=named)).status_code == 404
    passage = next(hit["chunk_id"] for hit in hits if hit["title"] == "Payroll")
    assert (await client.get(f"/api/passages/{passage}/")).status_code == 404


async def test_only_the_collections_that_are_allowed_are_read(client, acme, two_collections):
    handbook = str(two_collections["Handbook"].pk)

    def only_handbook() -> None:
        AccessRule.objects.filter(action="collection.read").delete()
        AccessRule.objects.create(action="collection.read", resource=handbook)
        AccessRule.objects.create(action="collection.read", resource="no id of anything")

    await acme.run(only_handbook)
    assert [each["name"] for each in (await client.get("/api/collections/")).json()] == ["Handbook"]
    assert await found_in(client) == {"Handbook"}


async def test_a_collection_may_be_closed_to_one_assistant_alone(client, deny, acme, two_collections, use_model):
    await deny(action="collection.read", resource=str(two_collections["Payroll"].pk), assistant_id=DOCS)
    assert await found_in(client) == {"Handbook", "Payroll"}
    model = PlayedModel(answers=["Striped."])
    use_model(model)
    thread = await thread_of(client)
    body = {"assistant_id": DOCS, "content": "zebra?"}
    assert (await client.post(f"{thread}messages/", json=body)).status_code == 201
    prompt = str(model.asked[0][0].content)
    assert "The zebra of Handbook" in prompt
    assert "The zebra of Payroll" not in prompt
