"""A reply in spite of what happens to providers. Time is virtual: no test waits."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk

from assistants.exceptions import (
    AIAssistantMisconfiguredError,
    ModelBroke,
    ModelBusy,
    ModelFailedError,
    ModelKeyRefused,
    ModelRefusedRequest,
    ModelReplyCut,
    ModelReplyGarbled,
    ModelTimeout,
    ModelUnknown,
    OfflineModelCannotError,
)
from assistants.llm.resilience.breaker import CircuitBreaker
from assistants.llm.resilience.identity import breaker_key_for
from assistants.llm.resilience.policy import BreakerRule, CallPolicy
from assistants.llm.resilience.stream import invoke_reply, stream_reply
from tests import virtual_time
from tests.asking import POLICY, ask
from tests.scripted_model import FINISH, ROLE, ScriptedModel, refused, unreachable


def test_it_passes_a_reply_on_piece_by_piece():
    model = ScriptedModel([ROLE, "Hel", "lo", FINISH])
    asked = ask(model)
    assert [piece.content for piece in asked.pieces] == ["", "Hel", "lo", ""]
    assert (asked.error, model.calls, model.closed) == (None, 1, 1)


def test_it_passes_on_a_reply_that_says_nothing():
    asked = ask(ScriptedModel([ROLE, FINISH]))
    assert (len(asked.pieces), asked.error) == (2, None)


@pytest.mark.parametrize("failure", [unreachable(), httpx.ConnectError("no"), ConnectionRefusedError()])
def test_it_tries_again_when_the_provider_is_not_reached(failure):
    model = ScriptedModel([failure], [failure], ["Hello"])
    asked = ask(model)
    assert (asked.text, model.calls, model.closed) == ("Hello", 3, 3)


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
def test_it_tries_again_after_a_status_that_may_pass(status):
    model = ScriptedModel([refused(status)], ["Hello"])
    assert (ask(model).text, model.calls) == ("Hello", 2)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ModelRefusedRequest),
        (401, ModelKeyRefused),
        (403, ModelKeyRefused),
        (404, ModelUnknown),
        (422, ModelRefusedRequest),
    ],
)
def test_it_never_repeats_what_would_be_refused_again(status, kind):
    model = ScriptedModel([refused(status)], ["Hello"])
    asked = ask(model)
    assert (type(asked.error), model.calls, asked.slept) == (kind, 1, [])


def test_it_gives_up_after_the_allowed_attempts_and_says_what_it_tried():
    model = ScriptedModel([refused(503)], [unreachable()], [refused(429)], name="small")
    asked = ask(model)
    assert (type(asked.error), model.calls) == (ModelBusy, 3)
    assert asked.error.detail_for_admin == (
        "model_busy, APIStatusError, status 429, model small; tried: "
        "model_broke, APIStatusError, status 503, model small; "
        "model_failed, APIConnectionError, model small; "
        "model_busy, APIStatusError, status 429, model small"
    )
    assert "secret" not in asked.error.detail_for_admin + asked.error.detail
    assert asked.error.facts == {}  # nothing of it in the problem document


def test_it_waits_longer_before_each_retry_up_to_a_cap():
    policy = CallPolicy(retries=5, backoff_base=1, backoff_cap=4, breaker=BreakerRule(failures=50))
    asked = ask(ScriptedModel([unreachable()]), policy=policy)
    assert asked.slept == [1, 2, 4, 4, 4]
    assert ask(ScriptedModel([unreachable()]), chance=0.25).slept == [0.25, 0.5]


def test_what_came_before_the_first_token_of_a_failed_attempt_is_not_seen():
    model = ScriptedModel([ROLE, ROLE, unreachable()], [ROLE, "Hello", FINISH])
    assert [piece.content for piece in ask(model).pieces] == ["", "Hello", ""]


@pytest.mark.parametrize("failure", [unreachable(), httpx.ReadError(""), httpx.RemoteProtocolError("")])
def test_it_does_not_repeat_a_reply_that_broke_off(failure):
    model, other = ScriptedModel(["Hel", failure], ["Hello"]), ScriptedModel(["Hello"])
    asked = ask(model, other)
    assert (asked.text, type(asked.error), model.calls, other.calls) == ("Hel", ModelReplyCut, 1, 0)


def test_a_part_of_a_tool_call_is_a_first_token():
    call = AIMessageChunk("", tool_call_chunks=[tool_call_chunk(name="search", args="", id="1", index=0)])
    model = ScriptedModel([call, refused(500)], ["Hello"])
    asked = ask(model)
    assert (len(asked.pieces), type(asked.error), model.calls) == (1, ModelBroke, 1)


def test_a_stream_that_ends_without_its_end_was_cut():
    asked = ask(ScriptedModel([ROLE, "Hel"]))
    assert (asked.text, type(asked.error)) == ("Hel", ModelReplyCut)


def test_a_stream_that_is_cut_before_its_first_token_is_tried_again():
    model = ScriptedModel([ROLE], [ROLE, "Hello", FINISH])
    assert (ask(model).text, model.calls) == ("Hello", 2)


@pytest.mark.parametrize("finish", [{"stop_reason": "end_turn"}, {"status": "completed"}, {"finish_reason": "length"}])
def test_every_protocols_end_is_an_end(finish):
    assert ask(ScriptedModel([ROLE, "Hello", AIMessageChunk("", response_metadata=finish)])).error is None


def test_an_end_is_asked_only_of_openais_protocol_and_only_where_the_policy_does():
    assert ask(ScriptedModel(["Hello"])).error is None
    assert ask(ScriptedModel([ROLE, "Hello"]), policy=CallPolicy(require_finish=False)).error is None


def test_it_waits_as_long_as_a_busy_provider_asks_for():
    model = ScriptedModel([refused(429, retry_after="20")], ["Hello"])
    asked = ask(model)
    assert (asked.text, asked.slept) == ("Hello", [20 + 1])


def test_it_understands_a_date_in_retry_after():
    asked = ask(ScriptedModel([refused(503, retry_after="Tue, 14 Nov 2023 22:13:50 GMT")], ["Hello"]), chance=0)
    assert (asked.text, asked.slept) == ("Hello", [30])


def test_it_does_not_wait_for_what_the_total_does_not_hold():
    model = ScriptedModel([refused(429, retry_after="100")], ["Hello"])
    asked = ask(model)
    assert (type(asked.error), asked.slept, asked.took, model.calls) == (ModelBusy, [], 0, 1)


def test_it_asks_the_next_model_rather_than_wait_long_for_a_busy_one():
    busy, other = ScriptedModel([refused(429, retry_after="20")]), ScriptedModel(["Hello"])
    asked = ask(busy, other)
    assert (asked.text, asked.took, busy.calls) == ("Hello", 0, 1)


@pytest.mark.parametrize("failure", [unreachable(), refused(401), refused(404), refused(500), ValueError("no chunks")])
def test_another_model_answers_when_one_cannot(failure):
    assert ask(ScriptedModel([failure]), ScriptedModel([failure]), ScriptedModel(["Hello"])).text == "Hello"


def test_no_other_model_is_asked_what_the_provider_refuses():
    other = ScriptedModel(["Hello"])
    asked = ask(ScriptedModel([refused(400)]), other)
    assert (type(asked.error), other.calls) == (ModelRefusedRequest, 0)


def test_all_models_share_the_total():
    asked = ask(*[ScriptedModel([1000]) for _ in range(9)])
    assert (asked.error.which, asked.took) == ("total", 100)


def test_models_are_made_when_their_turn_comes_also_by_coroutines():
    made = []

    def factory(name: str, *script: Any) -> Any:
        async def make() -> ScriptedModel:
            made.append(name)
            return ScriptedModel(list(script), name=name)

        return make

    async def body() -> str:
        factories = [factory("first", refused(401)), factory("second", "Hello"), factory("third", "Hi")]
        reply = stream_reply(factories, "hello", POLICY, breaker_key_for("acme"), breaker=CircuitBreaker())
        return "".join([piece.content async for piece in reply])

    assert (virtual_time.run(body()), made) == ("Hello", ["first", "second"])


@pytest.mark.parametrize("failure", [OfflineModelCannotError(), AIAssistantMisconfiguredError("mend me")])
def test_what_is_not_the_providers_doing_is_passed_on_at_once(failure):
    model, other = ScriptedModel([failure], ["Hello"]), ScriptedModel(["Hello"])
    asked = ask(model, other)
    assert (asked.error, model.calls, other.calls) == (failure, 1, 0)


def test_an_unreadable_reply_is_not_asked_for_again():
    model = ScriptedModel([ValueError("no chunks")], ["Hello"])
    asked = ask(model)
    assert (type(asked.error), model.calls) == (ModelReplyGarbled, 1)
    assert type(asked.error.__cause__) is ValueError  # for the log


def test_an_error_of_an_unknown_kind_is_a_plain_failure():
    asked = ask(ScriptedModel([RuntimeError("sk-secret")]))
    assert (type(asked.error), asked.error.code) == (ModelFailedError, "model_failed")
    assert asked.error.detail_for_admin == "model_failed, RuntimeError, model scripted"


def test_a_whole_reply_is_as_patient_as_the_total_and_tried_again():
    model = ScriptedModel([refused(503)], [50, "Hello"])

    async def body() -> AIMessage:
        return await invoke_reply(
            [lambda: model],
            "hello",
            POLICY,
            breaker_key_for("acme"),
            breaker=CircuitBreaker(virtual_time.now),
            clock=virtual_time.now,
        )

    assert virtual_time.run(body()).content == "Hello"
    assert model.calls == 2


def test_a_whole_reply_that_never_comes_is_a_time_out():
    async def body() -> None:
        machinery = {"breaker": CircuitBreaker(virtual_time.now), "clock": virtual_time.now}
        await invoke_reply([lambda: ScriptedModel([1000])], "", POLICY, breaker_key_for("acme"), **machinery)

    with pytest.raises(ModelTimeout) as caught:
        virtual_time.run(body())
    assert caught.value.which in ("first_token", "total")


def test_it_needs_a_model():
    assert type(ask().error) is ValueError
