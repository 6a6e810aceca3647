"""The OpenAI-compatible face, asked by the official openai package and by LangChain's client, unmodified."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import openai
import pytest
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, SecretStr

from assistants import AIAssistant, method_tool
from assistants.models import Message, Run, RunLease, Thread
from assistants.openai_api import router as face
from assistants.runs.runner import runner
from atrium.api import openai_api
from tenants.context import public_context
from tenants.database import in_database
from tenants.keys import create_api_key
from tenants.models import AccessRule, ApiKey
from tests.documents import add_ready_document
from tests.model_server import calls, fails, says
from tests.played_model import PlayedModel, wants
from tests.sessions import session_of
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("registry")

HELLO: list[dict[str, Any]] = [{"role": "user", "content": "Hello"}]


@pytest.fixture
def greeter(registry) -> type[AIAssistant]:
    class Greeter(AIAssistant):
        id = "greeter"
        name = "Greeter"
        instructions = "You greet."

        @method_tool
        def look_up(self) -> str:
            """Look up."""
            return "found"

        @method_tool(requires_approval=True)
        def delete(self) -> str:
            """Delete."""
            raise AssertionError("never called")

    return Greeter


@pytest.fixture
def speaker(registry) -> type[AIAssistant]:
    class Speaker(AIAssistant):
        id = "speaker"
        name = "Speaker"
        instructions = "You speak, and have no tools."

    return Speaker


@pytest.fixture
def sorter(registry) -> type[AIAssistant]:
    class Sorted(BaseModel):
        kind: str

    class Sorter(AIAssistant):
        id = "sorter"
        name = "Sorter"
        instructions = "You sort."
        structured_output = Sorted

    return Sorter


def text_of(chunks: list[Any]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


# -- models


async def test_assistants_are_models(sdk, acme, greeter):
    models = {model.id: model async for model in sdk(acme).models.list()}
    assert {"greeter", "docs_assistant"} <= models.keys()
    assert (models["greeter"].object, models["greeter"].owned_by) == ("model", "acme")
    assert (await sdk(acme).models.retrieve("greeter")).id == "greeter"


async def test_a_model_that_no_rule_allows_is_neither_listed_nor_shown_nor_run(sdk, acme, globex, greeter):
    await acme.run(lambda: AccessRule.objects.create(effect="deny", assistant_id="greeter"))
    assert "greeter" not in [model.id async for model in sdk(acme).models.list()]
    assert "greeter" in [model.id async for model in sdk(globex).models.list()]
    with pytest.raises(openai.PermissionDeniedError) as refused:
        await sdk(acme).models.retrieve("greeter")
    assert refused.value.code == "assistant_not_allowed"
    with pytest.raises(openai.PermissionDeniedError):
        await sdk(acme).chat.completions.create(model="greeter", messages=HELLO)
    assert not await acme.run(Thread.objects.exists)


# -- whole answers


async def test_it_answers_and_stores_the_question_with_a_run(sdk, acme, greeter, use_model):
    use_model(PlayedModel(answers=["Good day."]))
    answer = await sdk(acme).chat.completions.create(model="greeter", messages=HELLO, temperature=0.3, user="u")
    run = await acme.run(lambda: Run.objects.select_related("thread").get())
    assert (answer.id, answer.object, answer.model) == (f"chatcmpl-{run.pk}", "chat.completion", "greeter")
    assert answer.created == int(run.created_at.timestamp())
    [choice] = answer.choices
    assert (choice.message.role, choice.message.content, choice.finish_reason) == ("assistant", "Good day.", "stop")
    assert (run.status, run.actor_kind, run.created_by_id) == ("completed", "api_key", acme.member.pk)
    assert (run.thread.source, run.thread.name, run.thread.assistant_id) == ("completion", "Hello", "greeter")
    assert await acme.run(lambda: [row.content for row in Message.objects.all()]) == ["Hello", "Good day."]


async def test_it_says_what_the_answer_cost_and_on_what_it_rests(sdk, acme, model_server):
    await acme.run(lambda: add_ready_document(acme, "# Refunds\n\nAnvils come back within 90 days.", "refunds.md"))
    usage = {"prompt_tokens": 31, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 5}}
    model_server.play({"match": {"endpoint": "chat"}, "response": {"content": "90 days [1].", "usage": usage}})
    question = [{"role": "user", "content": "When do anvils come back?"}]
    answer = await sdk(acme).chat.completions.create(model="docs_assistant", messages=question)
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (31, 7, 38)
    [citation] = answer.model_dump()["atrium"]["citations"]
    assert (citation["number"], citation["title"]) == (1, "Refunds")
    assert citation["markers"] == [{"start": 8, "end": 11}]


async def test_the_model_reads_the_clients_conversation_after_the_assistants_own_instructions(
    sdk, acme, greeter, use_model
):
    model = use_model(PlayedModel(answers=["Ok"]))
    await sdk(acme).chat.completions.create(
        model="greeter",
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "My name is Ada."},
            {"role": "assistant", "content": "Good day, Ada."},
            {"role": "developer", "content": "Now rhyme."},
            {"role": "user", "content": [{"type": "text", "text": "Who"}, {"type": "text", "text": "am I?"}]},
        ],
    )
    [[system, *rest]] = model.asked
    assert system.content.startswith("You greet.")
    assert system.content.index("Be brief.") < system.content.index("Now rhyme.")
    said = [(message.type, message.content) for message in rest]
    assert said == [("human", "My name is Ada."), ("ai", "Good day, Ada."), ("human", "Who\nam I?")]


async def test_a_long_conversation_is_bounded_by_tokens(sdk, acme, greeter, use_model, settings):
    settings.AI_ASSISTANT_MAX_HISTORY_TOKENS = 100
    model = use_model(PlayedModel(answers=["Ok"]))
    turns = [({"role": "user", "content": "x" * 40}, {"role": "assistant", "content": "y" * 40}) for _ in range(50)]
    messages = [message for turn in turns for message in turn]
    await sdk(acme).chat.completions.create(model="greeter", messages=[*messages, *HELLO])
    assert [message.type for message in model.asked[0]] == ["system", *["human", "ai"] * 3, "human"]


async def test_its_own_tools_are_called_and_not_seen(sdk, acme, greeter, use_model):
    first = wants(("look_up", {}))
    use_model(PlayedModel(answers=[first.model_copy(update={"content": "Let me see."}), "Found."]))
    answer = await sdk(acme).chat.completions.create(model="greeter", messages=HELLO)
    assert answer.choices[0].message.tool_calls is None
    assert answer.choices[0].message.content == "Let me see.\n\nFound."


async def test_an_assistant_that_answers_with_an_object_gives_it_as_json(sdk, acme, sorter, model_server):
    model_server.play({"match": {"endpoint": "chat"}, "response": {"content": {"kind": "bug"}}})
    for wanted in ({}, {"response_format": {"type": "json_object"}}):
        answer = await sdk(acme).chat.completions.create(model="sorter", messages=HELLO, **wanted)
        assert json.loads(answer.choices[0].message.content or "") == {"kind": "bug"}
    stream = await sdk(acme).chat.completions.create(model="sorter", messages=HELLO, stream=True)
    assert json.loads(text_of([chunk async for chunk in stream])) == {"kind": "bug"}


async def test_an_object_rests_on_what_is_cited_in_it_and_not_on_what_is_not_said(sdk, acme, sorter, use_model):
    class Weigher(sorter):
        id = "weigher"
        name = "Weigher"
        has_rag = True

        @method_tool
        def look_up(self) -> str:
            """Look up."""
            return "found"

    await acme.run(lambda: add_ready_document(acme, "An anvil weighs 50 kilograms.", "anvils.md"))
    found = Weigher.structured_output(kind="50 kg [1]")
    use_model(PlayedModel(answers=["I read [1] that an anvil weighs 50 kg [1].", found]))
    question = [{"role": "user", "content": "What does an anvil weigh?"}]
    answer = await sdk(acme).chat.completions.create(model="weigher", messages=question)
    assert json.loads(answer.choices[0].message.content or "") == {"kind": "50 kg [1]"}
    [citation] = answer.model_dump()["atrium"]["citations"]
    assert (citation["number"], citation["markers"]) == (1, [])


@pytest.mark.parametrize(("given", "told"), [("length", "length"), ("content_filter", "content_filter")])
async def test_it_says_why_the_model_stopped(sdk, acme, greeter, model_server, given, told):
    model_server.play({"match": {"endpoint": "chat"}, "response": {"content": "Half", "finishReason": given}})
    answer = await sdk(acme).chat.completions.create(model="greeter", messages=HELLO)
    assert answer.choices[0].finish_reason == told


async def test_langchains_client_works_too(server, acme, greeter, use_model):
    model = use_model(PlayedModel(answers=["Good\nday."]))
    client = ChatOpenAI(
        model="greeter",
        base_url=f"http://127.0.0.1:{server.port}/v1",
        api_key=SecretStr(acme.api_key),
        default_headers={"Host": f"{acme.host}:{server.port}"},
        stream_usage=True,
    )
    assert (await client.ainvoke([HumanMessage("Hello")])).content == "Good\nday."
    pieces = [piece async for piece in client.astream([HumanMessage("Hello")])]
    assert "".join(str(piece.content) for piece in pieces) == "Good\nday."
    assert pieces[-1].usage_metadata is not None or any(piece.usage_metadata for piece in pieces)
    assert len(model.asked) == 2


# -- streams


async def test_a_stream_is_the_whole_answer_in_pieces(sdk, acme, greeter, model_server):
    text = "Good day to you, and to all who are with you."
    model_server.play(calls(("look_up", {})), says(text, chunkSize=4))
    stream = await sdk(acme).chat.completions.create(model="greeter", messages=HELLO, stream=True)
    chunks = [chunk async for chunk in stream]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert text_of(chunks) == text
    assert len({(chunk.id, chunk.created, chunk.model) for chunk in chunks}) == 1
    assert chunks[0].id == f"chatcmpl-{await acme.run(lambda: Run.objects.get().pk)}"
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [*[None] * (len(chunks) - 1), "stop"]
    assert all(chunk.usage is None for chunk in chunks)


async def test_a_streams_last_chunk_tells_the_cost_where_it_is_asked_for(sdk, acme, greeter, model_server):
    usage = {"prompt_tokens": 3, "completion_tokens": 2}
    model_server.play({"match": {"endpoint": "chat"}, "response": {"content": "Hi", "usage": usage}})
    asked = {"model": "greeter", "messages": HELLO, "stream": True, "stream_options": {"include_usage": True}}
    *chunks, last = [chunk async for chunk in await sdk(acme).chat.completions.create(**asked)]
    assert (last.choices, last.usage.total_tokens) == ([], 5)
    assert all(chunk.usage is None for chunk in chunks)


async def test_a_stream_and_a_whole_answer_say_the_same_around_tools(sdk, acme, greeter, use_model):
    first = wants(("look_up", {})).model_copy(update={"content": "Let me see."})
    use_model(PlayedModel(answers=[first, first, "Found."]))
    stream = await sdk(acme).chat.completions.create(model="greeter", messages=HELLO, stream=True)
    assert text_of([chunk async for chunk in stream]) == "Let me see.\n\nLet me see.\n\nFound."


async def test_a_stream_is_kept_open_while_nothing_is_said(server, acme, speaker, slow_model, monkeypatch):
    monkeypatch.setattr("assistants.runs.sse.PING_EVERY", 0.01)
    body = {"model": "speaker", "messages": HELLO, "stream": True}
    text = (await server.signed_in(acme).post("/v1/chat/completions", json=body)).text
    assert ": ping\n\n" in text
    assert text.endswith("data: [DONE]\n\n")


async def test_a_client_that_goes_away_leaves_a_run_that_comes_to_its_end(sdk, acme, speaker, slow_model):
    stream = await sdk(acme).chat.completions.create(model="speaker", messages=HELLO, stream=True)
    await anext(aiter(stream))
    await stream.close()
    await slow_model.finished()
    run = await acme.run(Run.objects.get)
    assert run.status == "completed"
    assert await acme.run(lambda: [row.content for row in Message.objects.all()]) == ["Hello", "word " * 20]
    runner.reopen()


async def test_a_model_that_fails_before_its_first_word_is_an_error_and_no_stream(sdk, acme, greeter, model_server):
    model_server.play(fails(500))
    with pytest.raises(openai.InternalServerError) as failed:
        await sdk(acme).chat.completions.create(model="greeter", messages=HELLO, stream=True)
    assert failed.value.code == "model_broke"


async def test_a_model_that_fails_later_is_an_error_in_the_stream(sdk, acme, speaker, cut_model):
    stream = await sdk(acme).chat.completions.create(model="speaker", messages=HELLO, stream=True)
    chunks: list[Any] = []

    async def read() -> None:
        async for chunk in stream:
            chunks.append(chunk)

    with pytest.raises(openai.APIError) as failed:
        await read()
    assert text_of(chunks).startswith("Half")
    assert str(failed.value.code).startswith("model_")
    assert (await acme.run(Run.objects.get)).status == "failed"


async def test_a_stream_that_has_to_wait_long_for_its_first_word_begins_without_it(
    sdk, acme, speaker, slow_model, monkeypatch
):
    monkeypatch.setattr(face, "FIRST_SIGN", 0)
    stream = await sdk(acme).chat.completions.create(model="speaker", messages=HELLO, stream=True)
    assert text_of([chunk async for chunk in stream]) == "word " * 20


# -- errors


async def test_who_has_no_valid_key_is_not_let_in(sdk, server, acme, globex, greeter):
    revoked = await acme.run(lambda: create_api_key("revoked", acme.member)[1])
    await acme.run(lambda: ApiKey.objects.filter(name="revoked").update(revoked_at="2020-01-01T00:00:00Z"))
    for key in ("atr_unknown", globex.api_key, revoked):
        with pytest.raises(openai.AuthenticationError) as refused:
            await sdk(acme, key).chat.completions.create(model="greeter", messages=HELLO)
        assert refused.value.code == "invalid_api_key"
    assert not await acme.run(Thread.objects.exists)


async def test_a_session_alone_does_not_open_it(server, acme, greeter):
    client = server.client(acme.host, **await session_of(acme))
    assert (await client.get("/api/assistants/")).status_code == 200
    for answer in (await client.get("/v1/models"), await client.post("/v1/chat/completions", json={})):
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")


def test_every_route_needs_a_key():
    for router in openai_api._get_bound_routers():
        for view in router.path_operations.values():
            for operation in view.operations:
                assert [type(auth).__name__ for auth in operation.auth_callbacks] == ["ApiKeyAuth"]


async def test_an_unknown_model_is_not_found(sdk, acme):
    with pytest.raises(openai.NotFoundError) as missing:
        await sdk(acme).chat.completions.create(model="gpt-4o", messages=HELLO)
    assert missing.value.code == "model_not_found"
    assert missing.value.request_id


async def test_every_error_has_openais_shape_and_a_request_id(server, acme, greeter):
    client = server.signed_in(acme)
    big = [{"role": "user", "content": "x" * 100_001}]
    answers = {
        "malformed_body": await client.post("/v1/chat/completions", content=b"{"),
        "invalid_input": await client.post("/v1/chat/completions", json={"model": "greeter"}),
        "empty_content": await client.post(
            "/v1/chat/completions", json={"model": "greeter", "messages": [{"role": "user", "content": " "}]}
        ),
        "too_large": await client.post("/v1/chat/completions", json={"model": "greeter", "messages": big}),
        "method_not_allowed": await client.get("/v1/chat/completions"),
        "unknown_url": await client.post("/v1/embeddings", json={}),
        "unknown_host": await server.client("nobody.localhost").get("/v1/models"),
    }
    for code, answer in answers.items():
        error = answer.json()["error"]
        assert error["code"] == code
        assert error.keys() == {"message", "type", "param", "code", "atrium"}
        assert error["atrium"]["request_id"] == answer.headers["x-request-id"]
    statuses = [answer.status_code for answer in answers.values()]
    assert statuses == [400, 400, 400, 400, 405, 404, 404]
    assert answers["invalid_input"].json()["error"]["param"] == "messages"


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"n": 2}, "n"),
        ({"stop": ["\n"]}, "stop"),
        ({"logprobs": True}, "logprobs"),
        ({"modalities": ["text", "audio"], "audio": {"voice": "x", "format": "wav"}}, "audio"),
        ({"functions": [{"name": "f", "parameters": {}}]}, "functions"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}}, "response_format"),
        ({"tool_choice": "required"}, "tool_choice"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]},
            "messages.0.content",
        ),
        ({"messages": [{"role": "system", "content": "Be brief."}]}, "messages"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_it_does_not_do_is_refused_before_anything_is_stored(sdk, acme, greeter, asked, param):
    with pytest.raises(openai.BadRequestError) as refused:
        await sdk(acme).chat.completions.create(**{"model": "greeter", "messages": HELLO, **asked})
    assert refused.value.param == param
    assert not await acme.run(Thread.objects.exists)


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (429, openai.RateLimitError, "model_busy"),
        (500, openai.InternalServerError, "model_broke"),
        (401, openai.InternalServerError, "model_key_refused"),
    ],
)
async def test_a_failed_run_is_an_error_and_is_not_asked_for_again(
    sdk, acme, greeter, model_server, status, kind, code
):
    model_server.play(fails(status, "the provider's own words, with a secret"))
    with pytest.raises(kind) as failed:
        await sdk(acme).chat.completions.create(model="greeter", messages=HELLO)
    assert failed.value.code == code
    assert "secret" not in str(failed.value)
    run = await acme.run(Run.objects.get)  # one: the package repeats what fails, unless it is told not to
    assert run.error_code == code
    assert failed.value.body["atrium"]["run_id"] == str(run.pk)


async def test_a_call_that_a_person_must_approve_ends_the_run_and_says_so(sdk, acme, greeter, use_model):
    use_model(PlayedModel(answers=[wants(("delete", {}))]))
    with pytest.raises(openai.ConflictError) as refused:
        await sdk(acme).chat.completions.create(model="greeter", messages=HELLO)
    assert refused.value.code == "approval_needed"
    assert "delete" in refused.value.message
    run = await acme.run(Run.objects.get)
    assert (run.status, run.error_code) == ("failed", "approval_needed")


async def test_a_cancelled_run_is_an_error(sdk, server, acme, speaker, slow_model):
    asking = asyncio.create_task(sdk(acme).chat.completions.create(model="speaker", messages=HELLO))
    await until(lambda: acme.run(Run.objects.exists), "the run began")
    run_id = await acme.run(lambda: Run.objects.get().pk)
    assert (await server.signed_in(acme).post(f"/api/runs/{run_id}/cancel/")).status_code == 202
    with pytest.raises(openai.ConflictError) as stopped:
        await asking
    assert stopped.value.code == "run_cancelled"


async def test_a_server_that_stops_asks_the_client_to_come_again(server, acme, greeter, monkeypatch):
    monkeypatch.setattr(runner, "_draining", True)
    body = {"model": "greeter", "messages": HELLO}
    refused = await server.signed_in(acme).post("/v1/chat/completions", json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "server_stopping")
    assert "x-should-retry" not in refused.headers


# -- once, and durable


async def test_a_key_gives_one_run_whole_or_streamed(sdk, acme, speaker, slow_model):
    once = {"model": "speaker", "messages": HELLO, "extra_headers": {"Idempotency-Key": "abc"}}
    client = sdk(acme)

    async def streamed() -> tuple[str, str]:
        chunks = [chunk async for chunk in await client.chat.completions.create(**once, stream=True)]
        return chunks[0].id, text_of(chunks)

    async def whole() -> tuple[str, str]:
        answer = await client.chat.completions.create(**once)
        return answer.id, answer.choices[0].message.content or ""

    answers = await asyncio.gather(*(each() for each in [streamed, whole] * 5))
    assert len(set(answers)) == 1
    assert answers[0][1] == "word " * 20
    assert await acme.run(lambda: (Run.objects.count(), Thread.objects.count(), Message.objects.count())) == (1, 1, 2)
    with pytest.raises(openai.BadRequestError) as reused:
        await client.chat.completions.create(**{**once, "messages": [{"role": "user", "content": "Another"}]})
    assert reused.value.code == "idempotency_key_reused"


async def test_a_dead_process_leaves_no_run_that_another_would_repeat(acme, server, speaker, slow_model):
    """The conversation is in the request only: to go on without it would be to answer something else."""
    body = {"model": "speaker", "messages": HELLO, "stream": True}
    asking = asyncio.create_task(server.signed_in(acme).post("/v1/chat/completions", json=body))
    await until(lambda: acme.run(Run.objects.exists), "the run began")

    def resumable() -> list[bool]:
        with public_context():
            return list(RunLease.objects.values_list("resumable", flat=True))

    assert await in_database(resumable) == [False]
    slow_model.hurry()
    await asking


# -- whose it is


async def test_its_threads_are_not_in_the_chats_list(sdk, server, acme, greeter, use_model):
    use_model(PlayedModel(answers=["Good day."]))
    await sdk(acme).chat.completions.create(model="greeter", messages=HELLO)
    client = server.signed_in(acme)
    chat = (await client.post("/api/threads/", json={"name": "Chat"})).json()
    assert [thread["id"] for thread in (await client.get("/api/threads/")).json()] == [chat["id"]]


async def test_a_run_of_it_is_its_callers_and_nobody_elses(sdk, server, acme, globex, greeter, use_model):
    use_model(PlayedModel(answers=["Good day."]))
    answer = await sdk(acme).chat.completions.create(model="greeter", messages=HELLO)
    path = f"/api/runs/{answer.id.removeprefix('chatcmpl-')}/"
    outsiders = await acme.run(lambda: create_api_key("outsider", acme.outsider)[1])
    statuses = [
        (await client.get(path)).status_code
        for client in (
            server.signed_in(acme),
            server.client(acme.host, Authorization=f"Bearer {outsiders}"),
            server.signed_in(globex),
        )
    ]
    assert statuses == [200, 404, 404]
    assert not await globex.run(Thread.objects.exists)


async def test_a_key_of_nobody_has_threads_of_its_own(sdk, acme, greeter, use_model):
    use_model(PlayedModel(answers=["Good day."]))
    secret = await acme.run(lambda: create_api_key("machine")[1])
    await sdk(acme, secret).chat.completions.create(model="greeter", messages=HELLO)
    thread = await acme.run(lambda: Thread.objects.select_related("api_key").get())
    assert (thread.created_by_id, thread.api_key.name) == (None, "machine")
