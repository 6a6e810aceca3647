"""How replies and circuits work together: what opens one, and what an open one means for a reply."""

from __future__ import annotations

import pytest

from assistants.exceptions import (
    ModelUnreachable,
)
from assistants.llm.resilience.breaker import CircuitBreaker
from assistants.llm.resilience.identity import breaker_key_for
from assistants.llm.resilience.policy import BreakerRule, CallPolicy
from tests.asking import ask
from tests.scripted_model import ScriptedModel, refused, unreachable


def test_an_open_circuit_skips_the_model_until_a_probe_has_answered():
    clock = [0.0]
    breaker = CircuitBreaker(lambda: clock[0])
    policy = CallPolicy(retries=1, backoff_base=0.1, breaker=BreakerRule(failures=2, window=60, pause=20))
    model = ScriptedModel([unreachable()], [unreachable()], ["I am back"])
    other = ScriptedModel(["Hello"], name="other")
    assert ask(model, other, policy=policy, breaker=breaker).text == "Hello"
    assert ask(model, other, policy=policy, breaker=breaker).text == "Hello"
    assert model.calls == 2
    clock[0] = 20.0
    assert ask(model, other, policy=policy, breaker=breaker).text == "I am back"
    assert ask(model, other, policy=policy, breaker=breaker).text == "I am back"


def test_it_says_so_when_every_circuit_is_open():
    breaker, policy = CircuitBreaker(lambda: 0.0), CallPolicy(retries=0, breaker=BreakerRule(failures=1))
    model = ScriptedModel([unreachable()], name="small")
    ask(model, policy=policy, breaker=breaker)
    asked = ask(model, policy=policy, breaker=breaker)
    assert (type(asked.error), model.calls, asked.took) == (ModelUnreachable, 1, 0)
    assert "given a pause" in asked.error.detail
    assert asked.error.attempts == ("circuit open, model small",)


def test_it_does_not_wait_to_retry_a_model_whose_circuit_it_has_opened():
    asked = ask(ScriptedModel([unreachable()]), policy=CallPolicy(retries=5, breaker=BreakerRule(failures=1)))
    assert (asked.slept, len(asked.error.attempts)) == ([], 1)


@pytest.mark.parametrize("status", [400, 401, 404, 429])
def test_a_provider_that_answers_no_is_not_ill(status):
    breaker, policy = CircuitBreaker(lambda: 0.0), CallPolicy(retries=0, breaker=BreakerRule(failures=1))
    model = ScriptedModel([refused(status)], ["Hello"])
    ask(model, policy=policy, breaker=breaker)
    assert ask(model, policy=policy, breaker=breaker).text == "Hello"


def test_a_reply_that_breaks_off_counts_against_the_model():
    breaker, policy = CircuitBreaker(lambda: 0.0), CallPolicy(breaker=BreakerRule(failures=2))
    model = ScriptedModel(["Hel", unreachable()])
    for _ in range(2):
        assert ask(model, policy=policy, breaker=breaker).text == "Hel"
    assert ask(model, policy=policy, breaker=breaker).text == ""


def test_a_whole_reply_makes_up_for_earlier_failures():
    breaker, policy = CircuitBreaker(lambda: 0.0), CallPolicy(retries=0, breaker=BreakerRule(failures=2))
    model = ScriptedModel([unreachable()], ["Hello"])
    failing = ScriptedModel([unreachable()])
    for asked in (model, model, failing):
        ask(asked, policy=policy, breaker=breaker)
    assert ask(ScriptedModel(["Hello"]), policy=policy, breaker=breaker).text == "Hello"


def test_a_model_that_speaks_too_long_is_not_ill():
    breaker, policy = CircuitBreaker(lambda: 0.0), CallPolicy(total=5, breaker=BreakerRule(failures=1))
    model = ScriptedModel(["word ", 3] * 100)
    for _ in range(2):
        assert ask(model, policy=policy, breaker=breaker).error.which == "total"


def test_circuits_of_tenants_and_models_are_apart():
    breaker, policy = CircuitBreaker(lambda: 0.0), CallPolicy(retries=0, breaker=BreakerRule(failures=1))
    ask(ScriptedModel([unreachable()], name="small"), policy=policy, breaker=breaker)
    assert ask(ScriptedModel(["Hello"], name="large"), policy=policy, breaker=breaker).text == "Hello"
    assert breaker.admit(breaker_key_for("globex")(ScriptedModel(name="small")), policy.breaker)
    assert not breaker.admit(breaker_key_for("acme")(ScriptedModel(name="small")), policy.breaker)
