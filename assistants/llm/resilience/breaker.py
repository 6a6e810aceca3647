"""Circuit breakers: a model that fails again and again is left alone for a while, and then tried once.

A circuit is closed (calls pass), open (none does) or half open (one call, the probe, passes and decides). It opens
after ``failures`` failures within ``window`` seconds with no whole reply between them: a busy tenant has some
failures in every minute, and must not lose its model for them. After ``pause`` seconds it is half open. Circuits
live in this process; what one process has learnt, another finds out for itself.

Source of the pattern: Michael T. Nygard, "Release It!", chapter "Stability Patterns".
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from assistants.llm.resilience.identity import BreakerKey
from assistants.llm.resilience.policy import BreakerRule

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Circuit:
    failed_at: deque[float] = field(default_factory=deque)
    opened_at: float | None = None
    probing: bool = False
    era: int = 0
    """How often it has opened. What a call from before the last opening reports says nothing about now."""


@dataclass(slots=True)
class Permit:
    """The right to call a model once. Say how it went; ``release`` at the end is right in any case.

    Safe to use from any thread.
    """

    _breaker: CircuitBreaker
    _key: Hashable
    _rule: BreakerRule
    _era: int
    _probe: bool

    def answered(self) -> None:
        """The provider has shown that it is alive: a probe closes the circuit."""
        self._breaker._answered(self)

    def succeeded(self) -> None:
        """The whole reply has come: earlier failures count no more."""
        self._breaker._answered(self, whole=True)

    def failed(self) -> None:
        """The provider did not answer, or not to the end: this counts, and a probe opens the circuit again."""
        self._breaker._failed(self)

    def release(self) -> None:
        """The call is over. A probe that was given up without a verdict lets the next call be one."""
        self._breaker._release(self)


class CircuitBreaker:
    """The circuits of this process, by key. ``clock`` gives seconds that never go back.

    Safe for threads and tasks: each step holds a lock for microseconds, and never while anybody waits.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._circuits: dict[Hashable, _Circuit] = {}  # of those that have failed; a circuit without an entry is closed
        self._lock = threading.Lock()

    def admit(self, key: Hashable, rule: BreakerRule) -> Permit | None:
        """Ask to call. None: the circuit is open, or its probe is under way."""
        with self._lock:
            circuit = self._circuits.get(key)
            if circuit is None:
                return Permit(self, key, rule, 0, False)
            if not self._admits(circuit, rule):
                return None
            circuit.probing = circuit.opened_at is not None
            return Permit(self, key, rule, circuit.era, circuit.probing)

    def would_admit(self, key: Hashable, rule: BreakerRule) -> bool:
        """Whether ``admit`` would give a permit now. Changes nothing."""
        with self._lock:
            circuit = self._circuits.get(key)
            return circuit is None or self._admits(circuit, rule)

    def forget(self) -> None:
        """Close all circuits and forget all failures: for tests, between two of them."""
        with self._lock:
            self._circuits.clear()

    def _admits(self, circuit: _Circuit, rule: BreakerRule) -> bool:
        if circuit.opened_at is None:
            return True
        return not circuit.probing and self._clock() >= circuit.opened_at + rule.pause

    def _answered(self, permit: Permit, whole: bool = False) -> None:
        with self._lock:
            circuit = self._current(permit)
            if circuit is None:
                return
            if permit._probe:
                permit._probe = circuit.probing = False
                circuit.opened_at = None
                log.info("a model's circuit is closed again", extra=_facts(permit._key))
            if whole and circuit.opened_at is None:
                circuit.failed_at.clear()

    def _failed(self, permit: Permit) -> None:
        with self._lock:
            circuit = self._circuits.setdefault(permit._key, _Circuit())
            if permit._era != circuit.era:
                return
            now = self._clock()
            circuit.failed_at.append(now)
            while circuit.failed_at[0] <= now - permit._rule.window:
                circuit.failed_at.popleft()
            if permit._probe or (circuit.opened_at is None and len(circuit.failed_at) >= permit._rule.failures):
                circuit.opened_at = now
                circuit.probing = False
                circuit.failed_at.clear()
                circuit.era += 1
                log.warning("a model's circuit is open: it failed again and again", extra=_facts(permit._key))

    def _release(self, permit: Permit) -> None:
        with self._lock:
            circuit = self._current(permit)
            if circuit is not None and permit._probe:
                permit._probe = circuit.probing = False

    def _current(self, permit: Permit) -> _Circuit | None:
        circuit = self._circuits.get(permit._key)
        return circuit if circuit is not None and circuit.era == permit._era else None


def _facts(key: Hashable) -> dict[str, str]:
    """What the log may say of a key: not the provider's address, which may hold a password."""
    return {"model": key.model} if isinstance(key, BreakerKey) else {}


circuit_breaker = CircuitBreaker()
"""The process' own."""
