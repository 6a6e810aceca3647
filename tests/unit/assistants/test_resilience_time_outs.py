"""How long a reply is waited for, and what happens when nobody waits for it any more."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import httpx
import pytest
from langchain_core.messages import AIMessageChunk

from assistants.llm.resilience.breaker import CircuitBreaker
from assistants.llm.resilience.identity import breaker_key_for
from assistants.llm.resilience.policy import BreakerRule, CallPolicy
from assistants.llm.resilience.stream import stream_reply
from tests import virtual_time
from tests.asking import POLICY, ask
from tests.scripted_model import ROLE, ScriptedModel, unreachable


def test_it_does_not_wait_for_a_first_token_forever():
    model = ScriptedModel([1000, "late"])
    asked = ask(model)
    assert (asked.error.which, asked.error.code, model.calls, model.closed) == ("first_token", "model_timeout", 3, 3)
    assert asked.took == pytest.approx(3 * 10 + 1 + 2)


def test_pieces_that_say_nothing_do_not_put_the_first_tokens_time_off():
    asked = ask(ScriptedModel([4, ROLE, 4, ROLE, 4, "late"]), policy=CallPolicy(first_token=10, retries=0))
    assert (asked.error.which, asked.took) == ("first_token", 10)


def test_it_does_not_wait_for_a_next_token_forever_and_does_not_try_again():
    model = ScriptedModel(["Hel", 1000, "lo"])
    asked = ask(model)
    assert (asked.text, asked.error.which, asked.took, model.calls) == ("Hel", "between_tokens", 5, 1)
    assert model.closed == 1


def test_it_ends_a_reply_that_goes_on_forever():
    asked = ask(ScriptedModel(["word ", 3] * 100))
    assert (asked.error.which, asked.took) == ("total", 100)
    assert len(asked.pieces) == 34


def test_a_slow_reader_is_not_taken_for_a_slow_model():
    asked = ask(ScriptedModel(["Hel", "lo"]), pause=30)
    assert (asked.text, asked.error) == ("Hello", None)


def test_a_clients_own_time_out_has_its_name():
    connecting = TimeoutError("openai's")
    connecting.__cause__ = httpx.ConnectTimeout("")
    assert ask(ScriptedModel([connecting])).error.which == "connect"
    assert ask(ScriptedModel([httpx.ReadTimeout("")])).error.which == "first_token"
    assert ask(ScriptedModel(["Hel", httpx.ReadTimeout("")])).error.which == "between_tokens"


# -- giving up


@pytest.mark.parametrize("seen", [0, 1])
def test_a_reader_who_goes_away_stops_the_model_and_frees_the_probe(seen):
    clock = [0.0]
    breaker, rule = CircuitBreaker(lambda: clock[0]), BreakerRule(failures=1, pause=20)
    policy = CallPolicy(retries=0, breaker=rule)
    model = ScriptedModel([unreachable()], ["Hel", 3, "lo"] if seen else [3, "Hello"])
    key = breaker_key_for("acme")
    ask(model, policy=policy, breaker=breaker)
    clock[0] = 20.0

    async def body() -> int:
        pieces = []

        async def read() -> None:
            async with aclosing(stream_reply([lambda: model], "", policy, key, breaker=breaker)) as reply:
                async for piece in reply:
                    pieces.append(piece)

        reading = asyncio.create_task(read())
        await asyncio.sleep(1)
        assert bool(breaker.admit(key(model), rule)) == bool(seen)  # answered: closed; else the probe is under way
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        return len(pieces)

    assert virtual_time.run(body()) == seen
    assert model.closed == 2
    assert breaker.admit(key(model), rule)


def test_closing_a_reply_lets_go_of_the_model_at_once():
    model = ScriptedModel(["Hel", "lo"])

    async def body() -> int:
        reply = stream_reply([lambda: model], "", POLICY, breaker_key_for("acme"), breaker=CircuitBreaker())
        await anext(reply)
        await reply.aclose()
        return model.closed

    assert virtual_time.run(body()) == 1


def test_a_stream_that_hangs_when_it_is_closed_does_not_hold_up_the_next_attempt():
    class Clinging(ScriptedModel):
        async def astream(self, prompt: Any) -> Any:
            self.calls += 1
            try:
                await asyncio.sleep(1000)
                yield AIMessageChunk("late")
            except asyncio.CancelledError:
                yield AIMessageChunk("")  # as a client does that swallows a cancellation
                await asyncio.sleep(1000)
            finally:
                await asyncio.sleep(1000)

    asked = ask(Clinging(), ScriptedModel(["Hello"]), policy=CallPolicy(first_token=10, retries=0))
    assert asked.text == "Hello"
    assert asked.took < 60
