"""Whatever providers do: nothing is repeated after the first token, nobody is asked too often, no sleep is too long."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from assistants.exceptions import ModelFailedError
from assistants.llm.resilience.breaker import CircuitBreaker
from assistants.llm.resilience.identity import breaker_key_for
from assistants.llm.resilience.policy import BreakerRule, CallPolicy
from assistants.llm.resilience.stream import stream_reply
from tests import virtual_time
from tests.scripted_model import FINISH, ROLE, ScriptedModel, refused, unreachable

NEVER_REPEATED = (400, 401, 403, 404, 422)

statuses = st.sampled_from([*NEVER_REPEATED, 402, 408, 409, 413, 425, 429, 500, 503, 529])
failures = st.one_of(
    st.builds(refused, statuses),
    st.builds(refused, st.sampled_from([429, 503]), retry_after=st.sampled_from(["0", "1.5", "7", "90", "soon", "-1"])),
    st.builds(unreachable),
    st.builds(TimeoutError),
    st.builds(ValueError, st.just("no chunks")),
    st.builds(RuntimeError),
)
pauses = st.sampled_from([0.1, 1.0, 4.0, 20.0, 500.0])
steps = st.one_of(pauses, st.just("word "), st.just(ROLE), st.just(FINISH), failures)
scripts = st.lists(steps, max_size=5)
seconds = st.sampled_from([0.5, 2.0, 5.0, 30.0])
policies = st.builds(
    CallPolicy,
    first_token=seconds,
    between_tokens=seconds,
    total=st.sampled_from([1.0, 10.0, 60.0]),
    retries=st.integers(0, 3),
    backoff_base=st.sampled_from([0.0, 0.5, 3.0]),
    backoff_cap=st.sampled_from([3.0, 10.0]),
    breaker=st.builds(BreakerRule, failures=st.integers(1, 5), window=st.just(60), pause=st.sampled_from([1, 20])),
)


class Watched(ScriptedModel):
    """Writes down when it is asked."""

    def __init__(self, log: Log, number: int, scripts: list[list[Any]]) -> None:
        super().__init__(*scripts, name=f"model {number}")
        self.log = log

    async def astream(self, prompt: Any) -> Any:
        self.log.asked.append((self.model_name, virtual_time.now(), len(self.log.pieces)))
        async for piece in super().astream(prompt):
            yield piece


@dataclass
class Log:
    asked: list[tuple[str, float, int]] = field(default_factory=list)  # whom, when, how much had been seen
    slept_until: list[float] = field(default_factory=list)
    pieces: list[Any] = field(default_factory=list)
    error: Exception | None = None
    ended: float = 0.0

    async def sleep(self, duration: float) -> None:
        assert duration >= 0
        await asyncio.sleep(duration)
        self.slept_until.append(virtual_time.now())


def ask(all_scripts: list[list[list[Any]]], policy: CallPolicy, chance: float) -> tuple[Log, list[Watched]]:
    log = Log()
    models = [Watched(log, number, scripts) for number, scripts in enumerate(all_scripts)]

    async def body() -> None:
        factories = [lambda model=model: model for model in models]
        reply = stream_reply(
            factories,
            "hello",
            policy,
            breaker_key_for("acme"),
            breaker=CircuitBreaker(virtual_time.now),
            clock=virtual_time.now,
            wall_clock=virtual_time.now,
            sleep=log.sleep,
            chance=lambda: chance,
        )
        try:
            async for piece in reply:
                log.pieces.append(piece)
        except ModelFailedError as error:
            log.error = error
        log.ended = virtual_time.now()

    virtual_time.run(body())
    return log, models


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.lists(scripts, min_size=1, max_size=4), min_size=1, max_size=3),
    policies,
    st.floats(0, 1),
)
def test_the_bounds_of_a_call_hold(all_scripts, policy, chance):
    log, models = ask(all_scripts, policy, chance)

    # nothing is repeated once anything was seen
    assert all(seen == 0 for _, _, seen in log.asked)
    # nobody is asked more often than allowed, and the models in their order
    assert all(model.calls <= policy.retries + 1 for model in models)
    assert [name for name, _, _ in log.asked] == sorted(name for name, _, _ in log.asked)
    # no sleep, no attempt and no reply goes beyond the total
    assert all(end <= policy.total for end in log.slept_until)
    assert all(when < policy.total for _, when, _ in log.asked)
    assert log.ended <= policy.total + 0.001
    # every stream that was begun was let go of
    assert all(model.calls == model.closed for model in models)
    # what was tried is noted, and nothing that the provider said
    if log.error is not None:
        assert len(log.error.attempts) >= len(log.asked) > 0
        assert "sk-secret" not in log.error.detail_for_admin + log.error.detail
    else:  # the reply is all of one attempt's, and of no other's
        last = next(model for model in models if model.model_name == log.asked[-1][0])
        said = [step for step in last.script_of(last.calls - 1) if not isinstance(step, (float, Exception))]
        assert [piece.content for piece in log.pieces] == [getattr(step, "content", step) for step in said]


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(NEVER_REPEATED), policies, st.booleans())
def test_a_refusal_is_never_repeated(status, policy, has_another):
    script = [ROLE, refused(status)]
    _, models = ask([[script]] * (1 + has_another), policy, 0.5)
    assert models[0].calls == 1


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 100), st.floats(0, 1), policies)
def test_a_backoff_is_between_nothing_and_its_cap(retry, chance, policy):
    assert 0 <= policy.backoff(retry, chance) <= policy.backoff_cap
    assert policy.backoff(0, chance) <= policy.backoff_base
