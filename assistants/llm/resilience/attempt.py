"""One attempt at a reply: a model's stream, watched."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

from assistants.exceptions import (
    AIAssistantMisconfiguredError,
    ModelBroke,
    ModelFailedError,
    ModelReplyCut,
    ModelReplyGarbled,
    ModelTimeout,
    ModelUnreachable,
    TimeLimit,
    typed,
)
from assistants.llm.resilience.breaker import Permit
from assistants.llm.resilience.policy import CallPolicy
from assistants.messages import text_of
from tenants.errors import AtriumError
from tenants.network import UrlUnreachable

log = logging.getLogger(__name__)

_ILL = (ModelBroke, ModelReplyCut, ModelReplyGarbled, ModelTimeout, ModelUnreachable)
_FINISHES = ("finish_reason", "stop_reason", "status")  # in chat completions, in messages, in responses
_CLOSING_SECONDS = 1.0
_END: Any = object()


def says_something(chunk: Any) -> bool:
    """Whether a piece of a reply is a token: text, or a part of a tool call."""
    if text_of(chunk.content):
        return True
    return any(getattr(chunk, name, None) for name in ("tool_call_chunks", "tool_calls", "invalid_tool_calls"))


class Attempt:
    """Reads a reply until its end or failure, and tells ``permit`` how it went.

    Parameters
    ----------
    begin
        Asks the model: gives the pieces of the reply, as LangChain's ``astream`` does.
    model
        The model's name, for errors.
    remaining
        Seconds that are left of the whole call's time.
    is_token
        Whether a piece is the reply's beginning. What comes before it is held back until it comes: nobody sees the
        false start of an attempt that is followed by another.
    """

    def __init__(
        self,
        begin: Callable[[], AsyncIterator[Any]],
        *,
        model: str,
        policy: CallPolicy,
        permit: Permit,
        remaining: Callable[[], float],
        is_token: Callable[[Any], bool] = says_something,
    ) -> None:
        self.started = False
        self._begin = begin
        self._source: Any = None
        self._model = model
        self._policy = policy
        self._permit = permit
        self._remaining = remaining
        self._is_token = is_token
        self._must_finish = self._has_finished = False

    async def chunks(self) -> AsyncGenerator[Any]:
        """The pieces. Raises a ``ModelFailedError``; other errors are passed on only where they are Atrium's own."""
        begun_with = self._remaining()
        held: list[Any] = []
        try:
            self._source = self._begin()
            while (chunk := await self._next(begun_with)) is not _END:
                self._read_end(chunk)
                held.append(chunk)
                if self.started or self._is_token(chunk):
                    self._start()
                    for waiting in held:
                        yield waiting
                    held.clear()
            if self._must_finish and not self._has_finished:
                raise ModelReplyCut(model=self._model, provider_error="no finish_reason")
            self._permit.succeeded()
            for waiting in held:
                yield waiting
        except ModelFailedError as error:
            self._tell(error)
            raise
        finally:
            self._permit.release()
            await _close(self._source)

    def _start(self) -> None:
        if not self.started:
            self.started = True
            self._permit.answered()

    async def _next(self, begun_with: float) -> Any:
        seconds, which = self._patience(begun_with)
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                chunk = await anext(self._source, _END)
        except UrlUnreachable as error:  # its text names the host, which is nothing for the person who asks
            raise ModelUnreachable(model=self._model, provider_error=error.code) from error
        except (AtriumError, AIAssistantMisconfiguredError) as error:
            if isinstance(error, ModelFailedError):
                typed(error, model=self._model)
            raise
        except Exception as error:
            if limit.expired():
                raise ModelTimeout(which=which, model=self._model) from error
            raise typed(error, model=self._model, started=self.started) from error
        if limit.expired():  # and the client made something else of it
            raise ModelTimeout(which=which, model=self._model)
        return chunk

    def _patience(self, begun_with: float) -> tuple[float, TimeLimit]:
        """How long the next piece may take, and which time that is."""
        remaining = self._remaining()
        if self.started:
            limit, which = self._policy.between_tokens, "between_tokens"
        else:  # pieces that say nothing do not put it off
            limit, which = self._policy.first_token - (begun_with - remaining), "first_token"
        return (remaining, "total") if remaining < limit else (limit, which)  # type: ignore[return-value]

    def _read_end(self, chunk: Any) -> None:
        """Whether the stream says that it is whole. Only OpenAI's protocol is known to say it always."""
        said = getattr(chunk, "response_metadata", None)
        if said:
            self._must_finish |= self._policy.require_finish and said.get("model_provider") == "openai"
            self._has_finished |= any(said.get(name) for name in _FINISHES)

    def _tell(self, error: ModelFailedError) -> None:
        """Whether the provider is ill, or alive and refuses. Time that ran out while it spoke says neither."""
        spoke_on = self.started and isinstance(error, ModelTimeout) and error.which == "total"
        if isinstance(error, _ILL) and not spoke_on:
            self._permit.failed()
        else:
            self._permit.answered()


async def _close(source: Any) -> None:
    """Let go of the connection. A client that fails or hangs at that must not hold up the next attempt."""
    if not hasattr(source, "aclose"):
        return
    try:
        async with asyncio.timeout(_CLOSING_SECONDS):
            await source.aclose()
    except Exception as error:
        log.debug("a model's stream did not close", exc_info=error)
