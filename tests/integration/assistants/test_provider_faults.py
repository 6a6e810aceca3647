"""What becomes of a turn when the model's provider fails: over HTTP on both sides, with everything real in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import BaseModel

from assistants import AIAssistant, method_tool
from assistants.exceptions import ModelBroke, ModelReplyCut
from assistants.models import Message, Run
from tenants.context import tenant_context
from tests import faulty_model
from tests.chat import Chat
from tests.faulty_model import ERROR, ROLE, SILENCE, FaultyServer, answer, chunked, piece, says, says_whole, sse
from tests.sse import read_events
from tests.waiting import PATIENCE

pytestmark = pytest.mark.usefixtures("registry")

HELLO = piece(content="Hello")
BUSY = [answer(429, ERROR, retry_after="0")]
BROKEN = [answer(500, ERROR)]
HANGS_UP: list[bytes | None] = []
SILENT = [SILENCE]
NOWHERE = "http://127.0.0.1:1/v1"


@pytest.fixture
async def faulty(settings, monkeypatch) -> AsyncIterator[FaultyServer]:
    """The deployment's model server, which misbehaves as the test says."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    async with faulty_model.running() as server:
        settings.ATRIUM_OPENAI_API_KEY = "key-of-the-tests"
        settings.ATRIUM_OPENAI_BASE_URL = server.url
        settings.ATRIUM_CHAT_MODEL = "big"
        yield server


@pytest.fixture
def greeter(registry) -> type[AIAssistant]:
    class Greeter(AIAssistant):
        id = "greeter"
        name = "Greeter"
        instructions = "You greet."

        @method_tool
        def wave(self, to: str) -> str:
            """Wave to somebody."""
            return f"waved to {to}"

    return Greeter


@pytest.fixture
async def chat(server, acme, greeter) -> Chat:
    return await Chat.begin(server.signed_in(acme), greeter)


def said(response: Any) -> list[str]:
    return [message["content"] for message in response.json()]


# -- before the first token: somebody answers in the end, and the person sees one answer


@pytest.mark.parametrize("fault", [BUSY, BROKEN, HANGS_UP], ids=["429", "500", "hangs up"])
async def test_a_fault_that_passes_is_not_noticed(faulty, chat, acme, fault):
    faulty.replies = [fault, fault, [says("Hello")]]
    response = await chat.ask("Hi")
    assert (response.status_code, said(response), faulty.requests) == (201, ["Hi", "Hello"], 3)
    run = await acme.run(Run.objects.get)
    assert (run.status, run.error_code, run.error_detail_admin) == ("completed", "", "")
    assert await acme.run(lambda: [row.content for row in Message.objects.order_by("created_at")]) == ["Hi", "Hello"]


async def test_a_false_start_is_not_seen_in_the_stream(faulty, chat):
    faulty.replies = [[chunked(sse(ROLE, done=False), end=False)], [says("Hel", "lo")]]
    events = await chat.stream()
    assert "".join(event.data["text"] for event in events if event.type == "message.delta") == "Hello"
    assert [event.type for event in events].count("run.done") == 1


async def test_a_fault_that_stays_is_told_to_the_person_and_in_detail_to_the_administrator(faulty, chat, acme):
    faulty.replies = [BROKEN]
    response = await chat.ask()
    problem = response.json()
    assert (response.status_code, problem["code"]) == (502, "model_broke")
    run = await acme.run(Run.objects.get)
    assert (run.status, run.error_code, run.error_detail) == ("failed", "model_broke", problem["detail"])
    assert run.error_detail_admin.startswith("model_broke, OpenAIAPIError, status 500, model big; tried: model_broke")
    assert run.error_detail_admin.count("status 500") == 1 + 3
    assert "secret" not in run.error_detail_admin


async def test_members_do_not_see_the_administrators_detail(faulty, chat):
    faulty.replies = [[answer(401, ERROR)]]
    response = await chat.ask()
    run = await chat.client.get(f"/api/runs/{response.json()['run_id']}/")
    events = await chat.client.get(f"/api/runs/{response.json()['run_id']}/events/")
    for shown in (response.text, run.text, events.text):
        assert "model_key_refused" in shown
        assert "status 401" not in shown


async def test_a_provider_that_says_nothing_is_given_up(faulty, chat, acme, settings):
    settings.AI_ASSISTANT_MODEL_FIRST_TOKEN_SECONDS = 0.5  # enough for each request to arrive on a busy machine
    faulty.replies = [SILENT]
    response = await chat.ask("Hi")
    assert (response.json()["code"], faulty.requests) == ("model_timeout", 3)
    run = await acme.run(Run.objects.get)
    assert run.error_detail_admin.startswith("model_timeout, first_token")
    assert [message["content"] for message in await chat.messages()] == ["Hi"]


async def test_all_attempts_together_have_a_time(faulty, chat, acme, settings):
    settings.AI_ASSISTANT_MODEL_TOTAL_SECONDS = 0.2
    faulty.replies = [SILENT]
    assert (await chat.ask()).json()["code"] == "model_timeout"
    assert "total" in (await acme.run(Run.objects.get)).error_detail_admin
    assert faulty.requests == 1


# -- other models


async def test_another_model_answers_in_the_place_of_one_that_does_not(faulty, chat, acme, settings):
    settings.AI_ASSISTANT_MODEL_FALLBACKS = ["big", "spare"]
    faulty.by_model = {"big": [HANGS_UP], "spare": [[says("Hello", model="spare")]]}
    assert said(await chat.ask("Hi")) == ["Hi", "Hello"]
    run = await acme.run(Run.objects.get)
    assert (run.status, run.model) == ("completed", "spare")
    assert [asked["model"] for asked in faulty.asked] == ["big"] * 3 + ["spare"]
    first, *_, last = faulty.asked
    assert {**last, "model": "big"} == first  # the same messages, tools and parameters


async def test_an_assistant_may_name_other_models_or_none(faulty, server, acme, greeter, settings):
    settings.AI_ASSISTANT_MODEL_FALLBACKS = ["spare"]
    faulty.by_model = {"big": [BROKEN], "own": [[says("Hello")]], "spare": [[says("Wrong")]]}
    greeter.fallback_models = ["own"]
    chat = await Chat.begin(server.signed_in(acme), greeter)
    assert said(await chat.ask("Hi")) == ["Hi", "Hello"]
    greeter.fallback_models = ()
    assert (await chat.ask("Hi")).json()["code"] == "model_broke"


async def test_a_model_of_ones_own_that_cannot_be_reached_has_the_fallbacks_that_its_assistant_names(
    faulty, server, acme, registry, settings
):
    from langchain_openai import ChatOpenAI

    class Elsewhere(AIAssistant):
        id = "elsewhere"
        name = "Elsewhere"
        instructions = "You help."

        def get_llm(self):
            return ChatOpenAI(model="own", api_key="key", base_url=NOWHERE, max_retries=0)

    settings.AI_ASSISTANT_MODEL_FALLBACKS = ["spare"]
    faulty.replies = [[says("Hello", model="named")]]
    chat = await Chat.begin(server.signed_in(acme), Elsewhere)
    assert (await chat.ask("Hi")).json()["code"] == "model_failed"
    assert faulty.requests == 0  # what was meant for a server of one's own does not go to the deployment's
    Elsewhere.fallback_models = ["named"]
    assert said(await chat.ask("Hi")) == ["Hi", "Hello"]
    assert (await acme.run(lambda: Run.objects.first().model)) == "named"


async def test_an_object_of_a_structure_is_asked_of_other_models_too(faulty, server, acme, registry, settings):
    class Places(AIAssistant):
        id = "places"
        name = "Places"
        instructions = "You name places."

        class Place(BaseModel):
            city: str

        structured_output = Place

    settings.AI_ASSISTANT_MODEL_FALLBACKS = ["spare"]
    faulty.by_model = {
        "big": [BROKEN, [says_whole('{"town": "Oslo"}')]],
        "spare": [[says_whole('{"city": "Oslo"}', model="spare")]],
    }
    chat = await Chat.begin(server.signed_in(acme), Places)
    assert said(await chat.ask("Where?")) == ["Where?", '{"city": "Oslo"}']
    assert [asked["model"] for asked in faulty.asked] == ["big", "big", "spare"]
    assert faulty.asked[0]["response_format"] == faulty.asked[2]["response_format"]


# -- after the first token: what was said is kept and marked, and nothing is asked again

FAULT = {"error": {"message": "sk-secret", "type": "server_error"}}
FAULTS = {
    "cut": ([chunked(sse(ROLE, HELLO, done=False), end=False)], "model_reply_cut"),
    "ended without an end": ([chunked(sse(ROLE, HELLO, done=False))], "model_reply_cut"),
    "no json": ([chunked(sse(ROLE, HELLO, b"{no json"))], "model_reply_garbled"),
    "other json": ([chunked(sse(ROLE, HELLO, b"[1, 2]"))], "model_reply_garbled"),
    "an error": (
        [chunked(sse(ROLE, HELLO, {"error": {"message": "sk-secret", "type": "server_error"}}))],
        "model_broke",
    ),
    "silence": ([chunked(sse(ROLE, HELLO, done=False), end=False), SILENCE], "model_timeout"),
}


@pytest.mark.parametrize(("fault", "code"), FAULTS.values(), ids=FAULTS)
async def test_what_was_said_before_a_fault_is_kept_and_marked(faulty, chat, acme, settings, fault, code):
    settings.AI_ASSISTANT_MODEL_BETWEEN_TOKENS_SECONDS = 0.2
    settings.AI_ASSISTANT_MODEL_FALLBACKS = ["spare"]
    faulty.replies = [fault, [says("Never asked")]]
    events = await chat.stream("Hi")
    assert [event.data["text"] for event in events if event.type == "message.delta"] == ["Hello"]
    assert (events[-1].type, events[-1].data["code"]) == ("error", code)
    question, partial = await chat.messages()
    assert (question["content"], question["partial"]) == ("Hi", False)
    assert (partial["content"], partial["partial"]) == ("Hello", True)
    run = await acme.run(Run.objects.get)
    assert (run.status, run.error_code, faulty.requests) == ("failed", code, 1)
    assert run.error_detail_admin.startswith(code)
    assert "secret" not in run.error_detail_admin


async def test_a_thread_goes_on_after_an_answer_that_was_cut(faulty, chat):
    faulty.replies = [FAULTS["cut"][0], [says("Hello again")]]
    assert (await chat.ask("Hi")).status_code == 502
    assert said(await chat.ask("And now?")) == ["And now?", "Hello again"]
    assert [message["role"] for message in faulty.asked[1]["messages"]] == ["system", "user", "assistant", "user"]


# -- circuits


async def test_a_provider_that_fails_again_and_again_is_left_alone_for_the_tenant_that_saw_it(
    faulty, server, acme, globex, greeter, settings
):
    settings.AI_ASSISTANT_MODEL_RETRIES = 0
    settings.AI_ASSISTANT_MODEL_BREAKER_FAILURES = 3
    faulty.replies = [BROKEN, BROKEN, BROKEN, [says("Hello")]]
    ours = await Chat.begin(server.signed_in(acme), greeter)
    theirs = await Chat.begin(server.signed_in(globex), greeter)
    assert [(await ours.ask()).json()["code"] for _ in range(3)] == ["model_broke"] * 3
    left_alone = (await ours.ask()).json()
    assert (left_alone["code"], faulty.requests) == ("model_failed", 3)
    assert "pause" in left_alone["detail"]
    assert (await acme.run(lambda: Run.objects.first().error_detail_admin)).endswith("circuit open")
    assert said(await theirs.ask("Hi")) == ["Hi", "Hello"]


async def test_a_model_that_is_left_alone_is_replaced_at_once(faulty, chat, settings):
    settings.AI_ASSISTANT_MODEL_RETRIES = 0
    settings.AI_ASSISTANT_MODEL_BREAKER_FAILURES = 1
    settings.AI_ASSISTANT_MODEL_FALLBACKS = ["spare"]
    faulty.by_model = {"big": [BROKEN], "spare": [[says("Hello")]]}
    for _ in range(3):
        assert (await chat.ask()).status_code == 201
    assert [asked["model"] for asked in faulty.asked] == ["big", "spare", "spare", "spare"]


# -- giving up


async def test_a_run_that_waits_before_a_retry_is_stopped_at_once(faulty, chat, acme):
    faulty.replies = [[answer(429, ERROR, retry_after="100")]]
    begun = await chat.client.post(
        f"/api/threads/{chat.thread_id}/runs/",
        json={"assistant_id": chat.assistant_id, "content": "Hi", "mode": "background"},
    )
    run_id = begun.json()["id"]
    await asyncio.wait_for(faulty.reached.wait(), PATIENCE)
    await chat.client.post(f"/api/runs/{run_id}/cancel/")
    events = await asyncio.wait_for(chat.client.get(f"/api/runs/{run_id}/events/"), PATIENCE)
    assert read_events(events.text)[-1].type == "run.cancelled"
    run = await acme.run(Run.objects.get)
    assert (run.status, run.error_code, run.error_detail_admin, faulty.requests) == ("cancelled", "", "", 1)


# -- from Python


async def test_python_code_gets_a_typed_error_with_the_providers_own_as_its_cause(faulty, acme, greeter):
    faulty.replies = [BROKEN]
    with tenant_context(acme.ref), pytest.raises(ModelBroke) as failed:
        await greeter(user=acme.member).arun("Hi")
    assert failed.value.__cause__.status_code == 500
    assert len(failed.value.attempts) == 3


async def test_python_code_that_streams_gets_the_text_before_the_error(faulty, acme, greeter):
    faulty.replies = [FAULTS["cut"][0]]
    with tenant_context(acme.ref):
        answer = greeter(user=acme.member).astream("Hi")
        assert await anext(answer) == "Hello"
        with pytest.raises(ModelReplyCut):
            await anext(answer)
