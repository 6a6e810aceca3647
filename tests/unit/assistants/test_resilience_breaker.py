"""Circuit breakers: examples, a state machine against a plain model of the rules, and threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from assistants.llm.resilience.breaker import CircuitBreaker, Permit
from assistants.llm.resilience.identity import BreakerKey
from assistants.llm.resilience.policy import BreakerRule

KEY = BreakerKey("http://model.invalid/v1", "small", "acme")
RULE = BreakerRule(failures=3, window=60, pause=20)
QUICK = BreakerRule(failures=2, window=30, pause=10)  # so that random steps reach every state


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock) -> CircuitBreaker:
    return CircuitBreaker(clock)


def admitted(breaker: CircuitBreaker) -> Permit:
    permit = breaker.admit(KEY, RULE)
    assert permit is not None
    return permit


def fail(breaker: CircuitBreaker, times: int = 1) -> None:
    for permit in [admitted(breaker) for _ in range(times)]:
        permit.failed()


def test_it_opens_after_so_many_failures(breaker):
    fail(breaker, 2)
    assert breaker.admit(KEY, RULE)
    fail(breaker)
    assert breaker.admit(KEY, RULE) is None
    assert not breaker.would_admit(KEY, RULE)


def test_failures_that_are_long_past_do_not_count(breaker, clock):
    fail(breaker, 2)
    clock.now += RULE.window
    fail(breaker, 2)
    assert breaker.admit(KEY, RULE)


def test_a_whole_reply_makes_earlier_failures_forgotten(breaker):
    fail(breaker, 2)
    admitted(breaker).succeeded()
    fail(breaker, 2)
    assert breaker.admit(KEY, RULE)


def test_a_first_token_alone_does_not(breaker):
    """Else a provider that begins each reply and ends none would never be left alone."""
    for _ in range(3):
        permit = admitted(breaker)
        permit.answered()
        permit.failed()
    assert breaker.admit(KEY, RULE) is None


def test_after_the_pause_one_call_is_a_probe(breaker, clock):
    fail(breaker, 3)
    clock.now += RULE.pause
    assert breaker.would_admit(KEY, RULE)
    assert breaker.admit(KEY, RULE)
    assert breaker.admit(KEY, RULE) is None


def test_a_probe_that_is_answered_closes_the_circuit(breaker, clock):
    fail(breaker, 3)
    clock.now += RULE.pause
    admitted(breaker).answered()
    fail(breaker, 2)
    assert breaker.admit(KEY, RULE)


def test_a_probe_that_fails_opens_it_for_another_pause(breaker, clock):
    fail(breaker, 3)
    clock.now += RULE.pause
    admitted(breaker).failed()
    clock.now += RULE.pause - 1
    assert breaker.admit(KEY, RULE) is None
    clock.now += 1
    assert breaker.admit(KEY, RULE)


def test_a_probe_that_is_given_up_lets_the_next_call_be_one(breaker, clock):
    fail(breaker, 3)
    clock.now += RULE.pause
    admitted(breaker).release()
    assert breaker.admit(KEY, RULE)
    assert breaker.admit(KEY, RULE) is None


@pytest.mark.parametrize("report", ["answered", "succeeded", "failed", "release"])
def test_what_began_before_the_circuit_opened_says_nothing_about_it_now(breaker, clock, report):
    old = admitted(breaker)
    fail(breaker, 3)
    clock.now += RULE.pause - 1
    getattr(old, report)()
    assert breaker.admit(KEY, RULE) is None
    clock.now += 1
    assert breaker.admit(KEY, RULE)
    getattr(old, report)()
    assert breaker.admit(KEY, RULE) is None


def test_what_began_before_it_opened_says_nothing_when_it_is_closed_again(breaker, clock):
    old = [admitted(breaker) for _ in range(3)]
    fail(breaker, 3)
    clock.now += RULE.pause
    admitted(breaker).answered()
    for permit in old[:2]:
        permit.failed()
    fail(breaker, 2)
    assert breaker.would_admit(KEY, RULE)
    old[2].succeeded()
    fail(breaker)
    assert not breaker.would_admit(KEY, RULE)


def test_a_probe_that_failed_cannot_free_the_next_ones_place(breaker, clock):
    fail(breaker, 3)
    clock.now += RULE.pause
    first = admitted(breaker)
    first.failed()
    clock.now += RULE.pause
    admitted(breaker)
    first.release()
    first.answered()
    assert not breaker.would_admit(KEY, RULE)


def test_each_key_has_its_own_circuit(breaker):
    fail(breaker, 3)
    for other in (KEY._replace(provider="x"), KEY._replace(model="x"), KEY._replace(tenant="x")):
        assert breaker.admit(other, RULE)


def test_of_many_threads_one_is_the_probe(breaker, clock):
    fail(breaker, 3)
    for _ in range(50):
        clock.now += RULE.pause
        with ThreadPoolExecutor(8) as pool:
            permits = [permit for permit in pool.map(lambda _: breaker.admit(KEY, RULE), range(32)) if permit]
        assert len(permits) == 1
        permits[0].failed()


def test_no_failure_is_lost_among_threads(breaker, clock):
    """The last of so many failures opens the circuit, and not one before it."""
    patient = BreakerRule(failures=401, window=60, pause=20)
    permits = [breaker.admit(KEY, patient) for _ in range(401)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda permit: permit.failed(), permits[:-1]))
    assert breaker.would_admit(KEY, patient)
    permits[-1].failed()
    assert not breaker.would_admit(KEY, patient)


@dataclass
class Plain:
    """The rules, said as plainly as can be: what has failed, when it opened, and what state it is in."""

    failures: list[float] = field(default_factory=list)
    opened: list[float] = field(default_factory=list)
    state: str = "closed"

    def admits(self, now: float) -> bool:
        return self.state == "closed" or (self.state == "open" and now >= self.opened[-1] + QUICK.pause)

    def fail(self, now: float, probe: bool) -> None:
        self.failures.append(now)
        recent = [time for time in self.failures if time > now - QUICK.window]
        if probe or (self.state == "closed" and len(recent) >= QUICK.failures):
            self.state = "open"
            self.opened.append(now)
            self.failures.clear()


@dataclass(eq=False)
class Out:
    """A permit that is out, and what the plain rules know of it."""

    permit: Permit
    openings: int
    probe: bool


class Breaker(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.breaker = CircuitBreaker(self.clock)
        self.plain = Plain()
        self.out: list[Out] = []

    @rule(seconds=st.sampled_from([1, QUICK.pause - 1, QUICK.pause, QUICK.window]))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule()
    def ask(self) -> None:
        expected = self.plain.admits(self.clock.now)
        permit = self.breaker.admit(KEY, QUICK)
        assert (permit is not None) == expected
        if permit is not None:
            probe = self.plain.state == "open"
            self.plain.state = "probing" if probe else "closed"
            self.out.append(Out(permit, len(self.plain.opened), probe))

    @precondition(lambda self: self.out)
    @rule(data=st.data(), whole=st.booleans(), goes_on=st.booleans())
    def answer(self, data: st.DataObject, whole: bool, goes_on: bool) -> None:
        chosen = self._chosen(data)
        chosen.permit.answered()
        if self._is_current(chosen):
            if chosen.probe:
                self.plain.state, chosen.probe = "closed", False
            if whole:
                self.plain.failures.clear()
        if whole:
            chosen.permit.succeeded()
        if whole or not goes_on:
            self._over(chosen)

    @precondition(lambda self: self.out)
    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        chosen = self._chosen(data)
        chosen.permit.failed()
        if self._is_current(chosen):
            self.plain.fail(self.clock.now, chosen.probe)
        self._over(chosen)

    @precondition(lambda self: self.out)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        chosen = self._chosen(data)
        if self._is_current(chosen) and chosen.probe:
            self.plain.state = "open"
        self._over(chosen)

    @invariant()
    def it_admits_as_the_rules_say(self) -> None:
        assert self.breaker.would_admit(KEY, QUICK) == self.plain.admits(self.clock.now)

    @invariant()
    def at_most_one_probe_is_out(self) -> None:
        assert sum(self._is_current(out) and out.probe for out in self.out) <= 1

    def _chosen(self, data: st.DataObject) -> Out:
        return data.draw(st.sampled_from(self.out))

    def _is_current(self, out: Out) -> bool:
        return out.openings == len(self.plain.opened)

    def _over(self, out: Out) -> None:
        out.permit.release()
        self.out.remove(out)


Breaker.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestBreaker = Breaker.TestCase
