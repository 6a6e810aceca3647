"""How patiently a model is called: the ``AI_ASSISTANT_MODEL_*`` settings, typed, with their defaults.

================================================  =======  ====================================================
setting                                           default  meaning
================================================  =======  ====================================================
``AI_ASSISTANT_MODEL_CONNECT_SECONDS``            5        to connect to the provider
``AI_ASSISTANT_MODEL_FIRST_TOKEN_SECONDS``        60       from the request to the first text or tool call
``AI_ASSISTANT_MODEL_BETWEEN_TOKENS_SECONDS``     30       from any piece of the reply to the next
``AI_ASSISTANT_MODEL_TOTAL_SECONDS``              240      for the whole reply, with all retries and fallbacks
``AI_ASSISTANT_MODEL_RETRIES``                    2        further attempts at each model, after its first
``AI_ASSISTANT_MODEL_BACKOFF_BASE_SECONDS``       0.5      longest wait before the first retry; doubles with each
``AI_ASSISTANT_MODEL_BACKOFF_CAP_SECONDS``        8        longest wait before any retry
``AI_ASSISTANT_MODEL_FALLBACKS``                  []       names of the models that are asked next, in order
``AI_ASSISTANT_MODEL_REQUIRE_FINISH``             True     an OpenAI-compatible stream that ends without a
                                                           ``finish_reason`` was cut
``AI_ASSISTANT_MODEL_BREAKER_FAILURES``           5        failures that open a circuit
``AI_ASSISTANT_MODEL_BREAKER_WINDOW_SECONDS``     60       time in which they count
``AI_ASSISTANT_MODEL_BREAKER_PAUSE_SECONDS``      20       time for which an open circuit lets nothing through
================================================  =======  ====================================================

They are read for each call, so a changed setting counts from the next reply on. The total should be shorter than
``ATRIUM_RUN_TIMEOUT``, which ends the whole run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

PREFIX = "AI_ASSISTANT_MODEL_"
_MOST_DOUBLINGS = 30  # beyond these every cap is reached, and a float would not hold many more


@dataclass(frozen=True, slots=True)
class BreakerRule:
    """When a circuit opens, and for how long. ``failures`` is a count; ``window`` and ``pause`` are seconds."""

    failures: int = 5
    window: float = 60.0
    pause: float = 20.0

    def __post_init__(self) -> None:
        _check(self.failures >= 1, "failures must be at least 1")
        _check(self.window > 0 and self.pause > 0, "window and pause must be above 0")


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """How one reply of a model is waited for. Times are seconds; the module's text has their meaning.

    Raises ``ValueError`` for what cannot be: a time that is not above 0, fewer than 0 retries.
    """

    connect: float = 5.0
    first_token: float = 60.0
    between_tokens: float = 30.0
    total: float = 240.0
    retries: int = 2
    backoff_base: float = 0.5
    backoff_cap: float = 8.0
    fallback_models: tuple[str, ...] = ()
    require_finish: bool = True
    breaker: BreakerRule = field(default_factory=BreakerRule)

    def __post_init__(self) -> None:
        for name in ("connect", "first_token", "between_tokens", "total"):
            _check(getattr(self, name) > 0, f"{name} must be above 0")
        _check(self.retries >= 0, "retries must not be below 0")
        _check(0 <= self.backoff_base <= self.backoff_cap, "the backoff's base must be between 0 and its cap")

    def backoff(self, retry: int, chance: float) -> float:
        """Seconds to wait before a retry (0 is the first): full jitter, for ``chance`` from 0 to 1.

        Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
        """
        return chance * min(self.backoff_cap, self.backoff_base * 2.0 ** min(retry, _MOST_DOUBLINGS))

    @property
    def client_timeout(self) -> tuple[float, float, float, float]:
        """Time-outs (connect, read, write, pool) for a provider's HTTP client, in httpx's order.

        A tuple and no ``httpx.Timeout``: langchain-openai shares its HTTP clients among models with equal time-outs
        that can be hashed, and makes new ones for each model otherwise (measured: 127 ms a model against 0.7). Reading
        may take the total, because the first token's and the next ones' times are watched here.
        """
        return (self.connect, self.total, self.between_tokens, self.connect)


def call_policy() -> CallPolicy:
    """The deployment's policy. Raises ``ImproperlyConfigured`` that names the setting that cannot be used."""
    given = (getattr(settings, name, _NOT_GIVEN) for name in SETTING_NAMES)
    values = [tuple(value) if isinstance(value, list) else value for value in given]
    try:
        return _policy_of(*values)
    except TypeError:  # something that cannot be a key, and is no value of any of these settings either
        return _policy_of.__wrapped__(*values)


_NOT_GIVEN: Any = object()


@lru_cache(maxsize=16, typed=True)  # making one takes 20 microseconds, and each model call asks; 1 is not True here
def _policy_of(*values: Any) -> CallPolicy:
    given = dict(zip(SETTING_NAMES, values, strict=True))
    try:
        return CallPolicy(**_read(given, _SETTINGS), breaker=BreakerRule(**_read(given, _BREAKER_SETTINGS)))
    except ValueError as error:
        raise ImproperlyConfigured(f"The settings {PREFIX}* do not fit together: {error}.") from error


def _seconds(name: str, value: Any) -> float:
    return _expected(isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0, name, value)


def _count(name: str, value: Any) -> int:
    return _expected(isinstance(value, int) and not isinstance(value, bool) and value >= 0, name, value)


def _positive(name: str, value: Any) -> int:
    return _expected(_count(name, value) > 0, name, value)


def _flag(name: str, value: Any) -> bool:
    return _expected(isinstance(value, bool), name, value)


def _names(name: str, value: Any) -> tuple[str, ...]:
    fits = isinstance(value, (list, tuple)) and all(isinstance(item, str) and item for item in value)
    return tuple(_expected(fits, name, value))


_MEANINGS = {
    "SECONDS": "a number of seconds above 0",
    "RETRIES": "a whole number, 0 or more",
    "FAILURES": "a whole number above 0",
    "FINISH": "True or False",
    "FALLBACKS": "a list of models' names",
}


def _expected(fits: bool, name: str, value: Any) -> Any:
    if not fits:
        raise ImproperlyConfigured(f"{name} must be {_MEANINGS[name.rpartition('_')[2]]}, not {value!r}.")
    return value


_Settings = dict[str, tuple[str, Callable[[str, Any], Any]]]
# field: the name of its setting, without the prefix, and how it is read
_SETTINGS: _Settings = {
    "connect": ("CONNECT_SECONDS", _seconds),
    "first_token": ("FIRST_TOKEN_SECONDS", _seconds),
    "between_tokens": ("BETWEEN_TOKENS_SECONDS", _seconds),
    "total": ("TOTAL_SECONDS", _seconds),
    "retries": ("RETRIES", _count),
    "backoff_base": ("BACKOFF_BASE_SECONDS", _seconds),
    "backoff_cap": ("BACKOFF_CAP_SECONDS", _seconds),
    "fallback_models": ("FALLBACKS", _names),
    "require_finish": ("REQUIRE_FINISH", _flag),
}
_BREAKER_SETTINGS: _Settings = {
    "failures": ("BREAKER_FAILURES", _positive),
    "window": ("BREAKER_WINDOW_SECONDS", _seconds),
    "pause": ("BREAKER_PAUSE_SECONDS", _seconds),
}
SETTING_NAMES = tuple(PREFIX + name for name, _ in (*_SETTINGS.values(), *_BREAKER_SETTINGS.values()))
"""The full names of the settings that are read here."""


def _read(given: Mapping[str, Any], known: _Settings) -> dict[str, Any]:
    """The settings that this project gives, by the names of their fields."""
    return {
        field_name: read(PREFIX + name, given[PREFIX + name])
        for field_name, (name, read) in known.items()
        if given[PREFIX + name] is not _NOT_GIVEN
    }


def _check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
