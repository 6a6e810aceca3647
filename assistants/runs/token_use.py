"""What a turn's model calls cost in tokens, time and money: all of them, also those whose text nobody sees."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGeneration, LLMResult

from assistants.exceptions import typed
from assistants.graph.history import estimate_tokens
from assistants.llm.prices import Price, price_of
from assistants.runs.timeline import Step, Timeline

_MOST = 2**31 - 1  # what a column for tokens holds: a server may say anything


class TokenUse(BaseCallbackHandler):
    """Watches every model call inside a run: answers, rewritten questions, structured output, attempts that failed,
    and the assistants that are tools of this one. LangChain hands it down to all of them.

    ``is_stopped`` tells whether a person has stopped the run: what was under way then was sent, and may be billed.
    """

    run_inline = True  # an addition needs no thread
    ignore_chain = True
    ignore_agent = True

    def __init__(self, timeline: Timeline | None = None, is_stopped: Callable[[], bool] = lambda: False) -> None:
        self.timeline = timeline or Timeline()
        self._is_stopped = is_stopped
        self.tokens_in = 0
        self.tokens_out = 0
        self.tokens_cached = 0
        self.cost: Decimal | None = Decimal(0)
        """In US dollars; None where a price, or the tokens of a model that has a price, are not known."""
        self.counted_tokens = 0
        """For budgets: what was told and, of a call that was cut off or stopped before it was, an estimate."""
        self.counted_cost = Decimal(0)
        """For budgets, in US dollars: as ``counted_tokens``, of the models that have a price."""
        self.prices: dict[str, Price] = {}
        """By the name of each model that answered, where it is known."""
        self.model = ""
        """The model that answered last, by the name that the provider gave it: the answer's own."""
        self._under_way: dict[UUID, Step] = {}
        self._silent: dict[UUID, Step] = {}
        self._asked: dict[UUID, Sequence[Sequence[BaseMessage]]] = {}

    def on_retriever_start(self, serialized: Any, query: str, **kwargs: Any) -> None:
        """What is searched for."""
        self.timeline.searches_for(query)

    def on_chat_model_start(self, serialized: Any, messages: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A call begins. (Without this, LangChain would write the whole conversation out as text, to tell of it.)"""
        timeline = self.timeline
        purpose = "rewrite" if timeline.is_searching else "tool" if timeline.is_in_tool else "answer"
        asked = (kwargs.get("metadata") or {}).get("ls_model_name") or ""
        step = timeline.begin("model", purpose=purpose, model=asked, first_token_ms=None)
        self._under_way[run_id] = self._silent[run_id] = step
        self._asked[run_id] = messages

    def wants_tokens(self, run_id: UUID) -> bool:
        """False once the first text has come (see ``llm/chat_openai.py``)."""
        return run_id in self._silent

    def on_llm_new_token(self, token: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """The first sign of an answer; what comes after its first text is no news."""
        step = self._silent.get(run_id)
        if step is None:
            return
        chunk = getattr(kwargs.get("chunk"), "message", None)
        if not (token or getattr(chunk, "tool_call_chunks", None)):
            return
        now = self.timeline.now()
        if step["first_token_ms"] is None:
            step["first_token_ms"] = round(now - step["start_ms"], 2)
        if token:
            del self._silent[run_id]
            if self.timeline.first_text_ms is None and step["purpose"] == "answer":
                self.timeline.first_text_ms = now

    def on_llm_end(self, response: LLMResult, *, run_id: UUID | None = None, **kwargs: Any) -> None:
        """A call has ended: add its tokens, where the provider told them."""
        self._ended(run_id, response)

    def on_llm_error(self, error: BaseException, *, run_id: UUID | None = None, **kwargs: Any) -> None:
        """A call has failed, or was given up. It costs what the provider told until then."""
        self._ended(run_id, kwargs.get("response"), error)

    def close(self) -> None:
        """The run is over: calls whose end LangChain did not tell, as they were broken off, end with it."""
        for run_id in list(self._under_way):
            self._ended(run_id, None, CancelledError())

    def _ended(self, run_id: UUID | None, response: LLMResult | None, error: BaseException | None = None) -> None:
        step = self._under_way.pop(run_id, None) if run_id else None
        messages = self._asked.pop(run_id, ()) if run_id else ()
        if run_id:
            self._silent.pop(run_id, None)
        use = _Use(response)
        asked = step["model"] if step else ""
        if error is None or use.is_told:
            self.model = use.model or asked or self.model
        self.tokens_in = min(self.tokens_in + use.tokens_in, _MOST)
        self.tokens_out = min(self.tokens_out + use.tokens_out, _MOST)
        self.tokens_cached = min(self.tokens_cached + use.tokens_cached, _MOST)
        spoke = error is None or use.is_told or (step is not None and step["first_token_ms"] is not None)
        if spoke or self._is_stopped():  # an attempt that brought nothing is not billed
            self._pay(use, asked)
            self._count(use, asked, messages if error is not None else ())
        if step is not None:
            facts = {"tokens_in": use.tokens_in, "tokens_out": use.tokens_out, "tokens_cached": use.tokens_cached}
            self.timeline.end(step, model=use.model or asked, error_type=_kind_of(error), **facts)

    def _pay(self, use: _Use, asked: str) -> None:
        name = use.model or asked
        price = price_of(name) or price_of(asked)  # a provider may answer with a dated name of the model
        if price is None or not (use.is_told or price.is_free):
            self.cost = None
        elif self.cost is not None:
            self.cost += price.of(use.tokens_in, use.tokens_out, use.tokens_cached)
        if price is not None:
            self.prices[name] = price

    def _count(self, use: _Use, asked: str, messages: Sequence[Sequence[BaseMessage]]) -> None:
        """Count it at budgets: by what was told, else by ``messages``, of a call that was cut off. Whoever stops each
        answer just before its end, or its beginning, would use nothing otherwise."""
        tokens_in, tokens_out = use.tokens_in, use.tokens_out
        if messages and not use.is_told:
            tokens_in = sum(estimate_tokens(message) for each in messages for message in each)
            tokens_out = sum(map(estimate_tokens, use.said))
        self.counted_tokens = min(self.counted_tokens + tokens_in + tokens_out, _MOST)
        price = price_of(use.model or asked) or price_of(asked)
        if price is not None:
            self.counted_cost += price.of(tokens_in, tokens_out, use.tokens_cached)


def _kind_of(error: BaseException | None) -> str:
    """The failure's code; "given_up" where the call was not left to its end, by a person or a time-out."""
    if error is None:
        return ""
    return typed(error).code if isinstance(error, Exception) else "given_up"


class _Use:
    """What a provider told of one call."""

    def __init__(self, response: LLMResult | None) -> None:
        self.model = ""
        self.is_told = False
        self.tokens_in = self.tokens_out = self.tokens_cached = 0
        self.said: list[BaseMessage] = []
        for generations in response.generations if response else ():
            for generation in generations:
                self._read(getattr(generation, "message", None) if isinstance(generation, ChatGeneration) else None)

    def _read(self, message: Any) -> None:
        if isinstance(message, BaseMessage) and (message.content or getattr(message, "tool_calls", None)):
            self.said.append(message)
        usage = getattr(message, "usage_metadata", None)
        if usage:
            self.is_told = True
            self.tokens_in += _count(usage.get("input_tokens"))
            self.tokens_out += _count(usage.get("output_tokens"))
            self.tokens_cached += _count((usage.get("input_token_details") or {}).get("cache_read"))
        self.model = (getattr(message, "response_metadata", None) or {}).get("model_name") or self.model


def _count(value: Any) -> int:
    return min(max(value, 0), _MOST) if isinstance(value, int) else 0
