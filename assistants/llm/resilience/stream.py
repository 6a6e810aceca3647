"""A model's reply in spite of what happens to providers: time-outs, retries, fallback models, circuit breakers.

Nothing of a reply has been seen before its first token, so until then another attempt can take its place: at the
same model after a pause, then at the next model. After the first token a failure is raised as it is, and the caller
keeps the partial text. Models that are called here must not retry by themselves (``max_retries=0``).
"""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import logging
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Hashable, Sequence
from contextlib import aclosing
from typing import Any

from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessageChunk
from pydantic import ValidationError

from assistants.exceptions import (
    ModelBroke,
    ModelBusy,
    ModelFailedError,
    ModelRefusedRequest,
    ModelReplyCut,
    ModelReplyMisfit,
    ModelTimeout,
    ModelUnreachable,
)
from assistants.llm.resilience.attempt import Attempt, says_something
from assistants.llm.resilience.breaker import CircuitBreaker, Permit, circuit_breaker
from assistants.llm.resilience.identity import name_of
from assistants.llm.resilience.policy import CallPolicy
from assistants.llm.resilience.retry_after import retry_after

log = logging.getLogger(__name__)

ModelFactory = Callable[[], Any]
"""Makes a model, a LangChain Runnable, or an awaitable of one; called once, when the model's turn has come."""
_RETRIED = (ModelBroke, ModelBusy, ModelReplyCut, ModelTimeout, ModelUnreachable)


def stream_reply(
    models: Sequence[ModelFactory],
    prompt: Any,
    policy: CallPolicy,
    breaker_key: Callable[[Any], Hashable],
    **machinery: Any,
) -> AsyncGenerator[AIMessageChunk]:
    """The reply of the first model that gives one, in pieces as they come.

    Parameters
    ----------
    models
        In the order of preference; at least one.
    prompt
        What ``astream`` takes: a list of messages, for one.
    breaker_key
        The circuit of a model (see ``identity.breaker_key_for``).
    **machinery
        Fields of ``Call``: the circuit breaker, clocks and chance.

    Raises a ``ModelFailedError`` with the attempts noted in it: the last one's when no model gave a first token, and
    at once for a failure after that. What is not the provider's doing (``AtriumError``,
    ``AIAssistantMisconfiguredError``) is passed on as it is. Close the generator (``contextlib.aclosing``) to give
    up a reply: it lets go of the connection.
    """
    return Call(policy, breaker_key, **machinery).pieces(models, lambda model: model.astream(prompt))


async def invoke_reply(
    models: Sequence[ModelFactory],
    prompt: Any,
    policy: CallPolicy,
    breaker_key: Callable[[Any], Hashable],
    check: Callable[[Any], None] = lambda found: None,
    **machinery: Any,
) -> Any:
    """What the first model that gives anything gives as a whole: a message, or an object of a wanted structure.

    As ``stream_reply``, but the whole reply is the first token, and has the total time. ``check`` raises a
    ``ModelFailedError`` for a reply that will not do: then the next model is asked.
    """
    patient = dataclasses.replace(policy, first_token=policy.total)
    call = Call(patient, breaker_key, is_token=lambda whole: True, **machinery)
    async with aclosing(call.pieces(models, lambda model: _whole(model, prompt, check))) as pieces:
        [whole] = [piece async for piece in pieces]
    return whole


async def _whole(model: Any, prompt: Any, check: Callable[[Any], None]) -> AsyncIterator[Any]:
    try:
        found = await model.ainvoke(prompt)
    except (OutputParserException, ValidationError) as error:
        raise ModelReplyMisfit(provider_error=type(error).__name__) from error
    check(found)
    yield found


@dataclasses.dataclass
class Call:
    """One call for a reply: what it may take, and what has been tried.

    ``clock`` gives seconds that never go back, ``wall_clock`` seconds since the epoch, ``chance`` a number from 0
    to 1. The time-outs themselves run on the event loop's clock.
    """

    policy: CallPolicy
    breaker_key: Callable[[Any], Hashable]
    breaker: CircuitBreaker = circuit_breaker
    is_token: Callable[[Any], bool] = says_something
    clock: Callable[[], float] = time.monotonic
    wall_clock: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep
    chance: Callable[[], float] = random.random
    _deadline: float = dataclasses.field(default=0.0, init=False)
    _attempts: list[str] = dataclasses.field(default_factory=list, init=False)
    _failure: ModelFailedError | None = dataclasses.field(default=None, init=False)

    async def pieces(
        self, models: Sequence[ModelFactory], begin: Callable[[Any], AsyncIterator[Any]]
    ) -> AsyncGenerator[Any]:
        """The pieces of the first reply that begins. ``begin`` asks a model."""
        if not models:
            raise ValueError("a reply needs at least one model")
        self._deadline = self.clock() + self.policy.total
        for further, make in zip(reversed(range(len(models))), models, strict=True):
            made = make()
            model = await made if inspect.isawaitable(made) else made
            retry = 0
            while permit := self._admit(model):
                attempt = self._attempt(model, begin, permit)
                try:
                    async with aclosing(attempt.chunks()) as chunks:
                        async for chunk in chunks:
                            yield chunk
                    return
                except ModelFailedError as error:
                    failure = self._note(error)
                    if attempt.started or not self._may_go_on(failure):
                        raise
                wait = self._wait_before(retry, model, failure, is_last=not further)
                if wait is None:
                    break
                await self.sleep(wait)
                retry += 1
        raise self._last_failure()

    def _attempt(self, model: Any, begin: Callable[[Any], AsyncIterator[Any]], permit: Permit) -> Attempt:
        return Attempt(
            lambda: begin(model),
            model=name_of(model),
            policy=self.policy,
            permit=permit,
            remaining=self._remaining,
            is_token=self.is_token,
        )

    def _remaining(self) -> float:
        return self._deadline - self.clock()

    def _admit(self, model: Any) -> Permit | None:
        permit = self.breaker.admit(self.breaker_key(model), self.policy.breaker)
        if permit is None:
            self._attempts.append(f"circuit open, model {name_of(model)}")
        return permit

    def _note(self, failure: ModelFailedError) -> ModelFailedError:
        log.warning("a model call failed", extra={"code": failure.code, "detail": failure.cause_for_admin})
        self._attempts.append(failure.cause_for_admin)
        failure.attempts = tuple(self._attempts)
        self._failure = failure
        return failure

    def _may_go_on(self, failure: ModelFailedError) -> bool:
        """Another model would refuse the same request, and no model answers without time."""
        return not isinstance(failure, ModelRefusedRequest) and self._remaining() > 0

    def _wait_before(self, retry: int, model: Any, failure: ModelFailedError, *, is_last: bool) -> float | None:
        """Seconds until the same model is asked again; None where it is not."""
        if retry >= self.policy.retries or not isinstance(failure, _RETRIED):
            return None
        if not self.breaker.would_admit(self.breaker_key(model), self.policy.breaker):
            return None
        wait = self.policy.backoff(retry, self.chance())
        asked = retry_after(failure, self.wall_clock())
        if asked is not None:
            if asked > self.policy.backoff_cap and not is_last:
                return None  # the next model can answer sooner
            wait += asked  # all who were sent away come back, but not all at once
        return wait if wait < self._remaining() else None

    def _last_failure(self) -> ModelFailedError:
        failure = self._failure or ModelUnreachable(
            "The model provider failed again and again, and is given a pause. Your message is kept; try again in a "
            "minute.",
            provider_error="circuit open",
        )
        failure.attempts = tuple(self._attempts)
        return failure
