"""The real client against a server of our own that fails on purpose, over real HTTP: what becomes of each fault."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from langchain_openai import ChatOpenAI

from assistants.exceptions import (
    ModelBroke,
    ModelBusy,
    ModelKeyRefused,
    ModelReplyCut,
    ModelReplyGarbled,
    ModelTimeout,
    ModelUnreachable,
)
from assistants.llm.resilience.breaker import CircuitBreaker
from assistants.llm.resilience.identity import BreakerKey, breaker_key_for, name_of, provider_of
from assistants.llm.resilience.policy import CallPolicy
from assistants.llm.resilience.stream import invoke_reply, stream_reply
from tests import faulty_model
from tests.faulty_model import (
    ERROR,
    GOOD,
    ROLE,
    SILENCE,
    TEXT,
    FaultyServer,
    answer,
    chunked,
    says_whole,
    sse,
)
from tests.played_model import PlayedModel

POLICY = CallPolicy(first_token=60, between_tokens=60, retries=2, backoff_base=0, backoff_cap=0)
IMPATIENT = replace(POLICY, first_token=0.5, between_tokens=0.5)


PLACE = {"title": "Place", "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@pytest.fixture
async def server(monkeypatch) -> AsyncIterator[FaultyServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    async with faulty_model.running() as faulty:
        yield faulty


def model_at(url: str, policy: CallPolicy = POLICY) -> ChatOpenAI:
    """A model as ``providers.py`` makes it."""
    return ChatOpenAI(
        model="small",
        api_key="sk-secret",
        base_url=url,
        stream_usage=True,
        max_retries=0,
        timeout=policy.client_timeout,
        stream_chunk_timeout=None,
    )


async def ask(url: str, policy: CallPolicy = POLICY) -> tuple[str, Exception | None]:
    """The text that came, and the error after it."""
    model, text = model_at(url), ""
    reply = stream_reply([lambda: model], "Hi", policy, breaker_key_for("acme"), breaker=CircuitBreaker())
    try:
        async for chunk in reply:
            text += chunk.content
    except Exception as error:
        return text, error
    finally:
        await model.root_async_client.close()
    return text, None


async def test_a_good_reply_comes_through(server):
    server.replies = [[GOOD]]
    assert await ask(server.url) == ("Hello", None)
    assert server.requests == 1  # the client does not retry by itself


@pytest.mark.parametrize(
    "fault",
    [
        [],
        [answer(429, ERROR)],
        [answer(503, ERROR)],
        [chunked(sse(ROLE, done=False), end=False)],
        [chunked(sse(ROLE, done=False))],
        [chunked(sse(ROLE, {"error": {"message": "sk-secret", "code": 503}}))],
        [b"not http at all\r\n\r\n"],
    ],
    ids=["hangs up", "429", "503", "cut", "ended", "error event", "no http"],
)
async def test_a_fault_before_the_first_token_is_got_over(server, fault):
    server.replies = [fault, fault, [GOOD]]
    assert await ask(server.url) == ("Hello", None)
    assert server.requests == 3


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ([], ModelUnreachable),
        ([answer(429, ERROR)], ModelBusy),
        ([answer(500, ERROR)], ModelBroke),
    ],
    ids=["hangs up", "429", "500"],
)
async def test_a_fault_that_stays_ends_the_call(server, fault, kind):
    server.replies = [fault]
    text, error = await ask(server.url)
    assert (text, type(error), server.requests) == ("", kind, 3)
    assert "secret" not in error.detail_for_admin


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ([answer(401, ERROR)], ModelKeyRefused),
        ([chunked(sse(ROLE, b"{no json"))], ModelReplyGarbled),
        ([chunked(sse(b"\xff\xfe"))], ModelReplyGarbled),
        ([chunked(sse(b"[1, 2]"))], ModelReplyGarbled),
        ([answer(200, b"<h1>Hello</h1>", "text/html")], ModelReplyGarbled),
    ],
    ids=["401", "no json", "no text", "other json", "a web page"],
)
async def test_what_would_be_the_same_again_is_not_asked_again(server, fault, kind):
    server.replies = [fault, [GOOD]]
    text, error = await ask(server.url)
    assert (text, type(error), server.requests) == ("", kind, 1)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ([chunked(sse(ROLE, TEXT, done=False), end=False)], ModelReplyCut),
        ([chunked(sse(ROLE, TEXT, done=False))], ModelReplyCut),
        ([chunked(sse(ROLE, TEXT, b"{no json"))], ModelReplyGarbled),
        ([chunked(sse(ROLE, TEXT, {"error": {"message": "sk-secret", "type": "server_error"}}))], ModelBroke),
    ],
    ids=["cut", "ended without an end", "no json", "error event"],
)
async def test_after_the_first_token_what_came_is_kept_and_nothing_is_asked_again(server, fault, kind):
    server.replies = [fault, [GOOD]]
    text, error = await ask(server.url)
    assert (text, type(error), server.requests) == ("Hello", kind, 1)
    assert "secret" not in error.detail_for_admin


async def test_a_server_that_falls_silent_is_asked_again_only_before_the_first_token(server):
    server.replies = [[SILENCE], [chunked(sse(ROLE, TEXT, done=False), end=False), SILENCE], [GOOD]]
    text, error = await ask(server.url, IMPATIENT)
    assert (text, type(error), error.which, server.requests) == ("Hello", ModelTimeout, "between_tokens", 2)


async def test_a_server_that_is_not_there_is_unreachable(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    text, error = await ask("http://127.0.0.1:1/v1")
    assert (text, type(error), len(error.attempts)) == ("", ModelUnreachable, 3)


async def test_a_structured_reply_is_tried_again_too(server):
    server.replies = [[answer(503, ERROR)], [says_whole('{"city": "Oslo"}')]]
    model = model_at(server.url)
    asking = model.with_structured_output(PLACE, method="json_mode")
    found = await invoke_reply([lambda: asking], "Where?", POLICY, breaker_key_for("acme"), breaker=CircuitBreaker())
    await model.root_async_client.close()
    assert (found, server.requests) == ({"city": "Oslo"}, 2)


async def test_models_with_equal_time_outs_share_their_connections():
    one, two = model_at("http://model.invalid/v1"), model_at("http://model.invalid/v1")
    assert one.root_async_client._client is two.root_async_client._client


async def test_a_model_is_known_inside_what_is_bound_to_it():
    def search(query: str) -> str:
        """Search."""
        return query

    model = model_at("http://model.invalid/v1")
    for outer in (model, model.bind_tools([search]), model.with_structured_output(PLACE)):
        assert (name_of(outer), provider_of(outer)) == ("small", "http://model.invalid/v1")
    assert breaker_key_for("acme")(model) == BreakerKey("http://model.invalid/v1", "small", "acme")


async def test_a_model_with_an_attribute_that_only_sounds_like_a_wrapping_is_itself():
    model = PlayedModel(answers=["Hello"], bound=["a tool"])
    assert (name_of(model), provider_of(model)) == ("PlayedModel", "PlayedModel")
