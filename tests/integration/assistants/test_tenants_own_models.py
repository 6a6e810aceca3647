"""Tenants with model providers of their own: whose key goes where, from when on, and what else may not."""

from __future__ import annotations

import httpx
import pytest
from cryptography.fernet import Fernet

from assistants import AIAssistant
from assistants.llm.providers import chat_model
from assistants.models import Run
from rag.models import Embedding
from tenants.context import public_context, tenant_context
from tenants.credentials.in_force import aproviders
from tenants.database import in_database
from tenants.models import Plan, ProviderCredential, Tenant
from tenants.use_cases.provider_credentials import (
    ProviderSettings,
    create_provider,
    delete_provider,
    replace_provider,
)
from tests.chat import Chat
from tests.documents import add_ready_document
from tests.keyed_provider import CHAT, EMBEDDING
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("registry")


@pytest.fixture
def plain(registry) -> type[AIAssistant]:
    class Plain(AIAssistant):
        id = "plain"
        name = "Plain"
        instructions = "Answer."

    return Plain


def wanted(provider, **more) -> ProviderSettings:
    given = {"name": provider.name, "base_url": provider.base_url, "api_key": provider.key, "chat_model": CHAT}
    return ProviderSettings(**{**given, **more})


async def give(tenant, provider, **more) -> ProviderCredential:
    return await tenant.run(lambda: create_provider(tenant.actor(tenant.owner), wanted(provider, **more)))


async def change(tenant, row, settings: ProviderSettings) -> None:
    await tenant.run(lambda: replace_provider(tenant.actor(tenant.owner), row.pk, settings))


async def said(server, tenant, assistant) -> str:
    answer = await asked(server, tenant, assistant)
    assert answer.status_code == 201, answer.text
    return answer.json()[-1]["content"]


async def failed_with(server, tenant, assistant) -> str:
    answer = await asked(server, tenant, assistant)
    assert answer.status_code >= 400
    return answer.json()["code"]


async def asked(server, tenant, assistant) -> httpx.Response:
    return await (await Chat.begin(server.signed_in(tenant), assistant)).ask()


async def test_each_tenants_answers_come_from_its_own_provider_with_its_own_key(
    server, acme, globex, plain, providers, monkeypatch
):
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "the-operators")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Operator: the-operators")
    first, second = providers
    await give(acme, first)
    await give(globex, second)
    assert await said(server, acme, plain) == "This is first."
    assert await said(server, globex, plain) == "This is second."
    assert await said(server, acme, plain) == "This is first."
    assert first.keys == {f"Bearer {first.key}"}
    assert second.keys == {f"Bearer {second.key}"}
    assert first.requests[0].body["model"] == CHAT
    sent = str([request.headers for request in first.requests + second.requests])
    assert "the-operators" not in sent


async def test_a_change_holds_from_the_next_answer_on_and_without_a_provider_it_is_as_before(
    server, acme, plain, providers
):
    first, second = providers
    row = await give(acme, first)
    assert await said(server, acme, plain) == "This is first."
    await change(acme, row, wanted(second))
    assert await said(server, acme, plain) == "This is second."
    assert second.keys == {f"Bearer {second.key}"}
    await change(acme, row, wanted(second, api_key=None, enabled=False))
    assert "offline" in await said(server, acme, plain)
    await acme.run(lambda: delete_provider(acme.actor(acme.owner), row.pk))
    assert "offline" in await said(server, acme, plain)


async def test_a_change_by_another_process_is_heard(server, acme, plain, providers, database_url):
    import psycopg

    first, _ = providers
    await give(acme, first)
    assert await said(server, acme, plain) == "This is first."
    with psycopg.connect(database_url, autocommit=True) as elsewhere:
        elsewhere.execute("UPDATE acme.tenants_providercredential SET enabled = false")

    async def offline() -> bool:
        return "offline" in await said(server, acme, plain)

    await until(offline, "the provider is not used any more")


async def test_the_deployments_provider_gets_nothing_of_a_tenant_with_one_of_its_own(
    server, acme, plain, providers, settings
):
    first, second = providers
    settings.ATRIUM_OPENAI_API_KEY, settings.ATRIUM_OPENAI_BASE_URL = second.key, second.base_url
    settings.ATRIUM_CHAT_MODEL = CHAT
    settings.AI_ASSISTANT_MODEL_FALLBACKS = [EMBEDDING]
    settings.AI_ASSISTANT_MODEL_RETRIES = 0
    assert await said(server, acme, plain) == "This is second."
    second.requests.clear()
    row = await give(acme, first)
    assert await said(server, acme, plain) == "This is first."
    await change(acme, row, wanted(first, api_key="sk-a-wrong-key-0123456789"))
    assert await failed_with(server, acme, plain) == "model_key_refused"
    assert first.keys == {f"Bearer {first.key}", "Bearer sk-a-wrong-key-0123456789"}
    assert second.requests == []


async def test_a_new_key_begins_with_closed_circuits(server, acme, plain, providers, settings):
    first, _ = providers
    settings.AI_ASSISTANT_MODEL_RETRIES = 0
    settings.AI_ASSISTANT_MODEL_BREAKER_FAILURES = 1
    row = await give(acme, first, base_url="http://127.0.0.1:1/v1")
    for _ in range(2):
        assert await failed_with(server, acme, plain) == "model_failed"
    await change(acme, row, wanted(first))
    assert await said(server, acme, plain) == "This is first."


async def test_an_address_that_has_become_private_is_not_reached(server, acme, plain, providers, settings):
    first, _ = providers
    await give(acme, first)
    settings.ATRIUM_NETWORK_ALLOW = []
    assert await failed_with(server, acme, plain) == "address_refused"
    assert first.requests == []


async def test_a_host_that_is_not_there_is_named_to_nobody_who_asks(
    server, acme, plain, providers, settings, no_such_host
):
    settings.AI_ASSISTANT_MODEL_RETRIES = 0
    await give(acme, providers[0], base_url=f"https://{no_such_host}/v1")
    answer = await asked(server, acme, plain)
    assert (answer.status_code, answer.json()["code"]) == (502, "model_failed")
    assert no_such_host not in answer.text
    run = await acme.run(lambda: Run.objects.get())
    assert run.error_detail_admin.startswith("model_failed, url_unreachable")


async def test_a_key_that_cannot_be_read_is_refused_before_anything_is_stored(server, acme, plain, providers, settings):
    first, _ = providers
    await give(acme, first)
    settings.ATRIUM_ENCRYPTION_KEYS = (Fernet.generate_key().decode(),)
    row = await acme.run(ProviderCredential.objects.get)
    await acme.run(row.save)  # every process looks again
    chat = await Chat.begin(server.signed_in(acme), plain)
    answer = await chat.ask()
    assert (answer.status_code, answer.json()["code"]) == (503, "credential_unreadable")
    assert await chat.messages() == []
    assert await acme.run(Run.objects.count) == 0


async def test_a_plan_still_says_which_models_there_are(server, acme, plain, providers):
    first, _ = providers
    await give(acme, first)

    def limit() -> None:
        with public_context():
            tenant = Tenant.objects.get(pk=acme.ref.id)
            tenant.plan = Plan.objects.create(name="Small", model_names=["another-model"])
            tenant.save()

    await in_database(limit)
    chat = await Chat.begin(server.signed_in(acme), plain)
    answer = await chat.ask()
    assert (answer.status_code, answer.json()["code"]) == (403, "model_not_in_plan")


async def test_documents_are_embedded_by_the_tenants_own_provider(server, acme, globex, providers):
    first, second = providers
    await give(acme, first, chat_model="", embedding_model=EMBEDDING, embedding_dimension=8)
    await acme.run(lambda: add_ready_document(acme, "Sheep are counted at night.", "sheep.md"))
    await globex.run(lambda: add_ready_document(globex, "Sheep are counted at night.", "sheep.md"))
    stored = await acme.run(lambda: set(Embedding.objects.values_list("model", "dimension")))
    assert stored == {(EMBEDDING, 8)}
    assert await globex.run(lambda: set(Embedding.objects.values_list("model", flat=True))) == {"wordllama-256"}
    asked = len(first.requests)
    found = await server.signed_in(acme).post("/api/collections/search/", json={"query": "sheep"})
    assert found.status_code == 200, found.text
    assert len(first.requests) == asked + 1
    assert first.keys == {f"Bearer {first.key}"}
    assert second.requests == []


async def test_a_model_made_by_hand_uses_it_too(acme, providers):
    first, _ = providers
    await give(acme, first)

    def ask() -> str:
        return chat_model().invoke("Hello").content

    assert await acme.run(ask) == "This is first."
    with tenant_context(acme.ref):
        assert (await aproviders()).chat.name == "first"
