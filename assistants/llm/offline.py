"""The chat model of a deployment without a model key: it needs no network and never pretends.

It quotes the passages that came with a question, calls a tool when the question plainly names it, and says
that it is the offline model. The same messages always give the same answer. It reads English best.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import ToolCall, tool_call
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel, Field

from assistants.llm import offline_answers as answers
from assistants.llm.offline_parameters import Tool, read_tools
from assistants.llm.offline_quotes import find_quotes
from assistants.llm.offline_stream import word_by_word
from assistants.llm.offline_structured import structured_output
from assistants.llm.offline_tools import Call, Plan, plan_calls, read_choice
from assistants.llm.offline_turn import Turn, read_turn

MODEL_NAME = "atrium-offline"


class OfflineChatModel(BaseChatModel):
    """Answers by quoting passages and by calling tools that are named.

    Attributes
    ----------
    model_name
        Reported in ``response_metadata`` and in traces.
    delay
        Seconds between two streamed words, to see a stream in a demo. Only streaming waits, and the
        asynchronous stream leaves the event loop free meanwhile.
    """

    model_name: str = MODEL_NAME
    delay: float = Field(default=0.0, ge=0.0)

    @property
    def _llm_type(self) -> str:
        return MODEL_NAME

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model_name": self.model_name}

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | dict[str, Any] | bool | None = None,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Let the model call tools.

        Parameters
        ----------
        tools
            Anything that `convert_to_openai_tool` takes.
        tool_choice
            None or "auto": a tool that the question names. "any", "required" or True: some tool, if its
            arguments are there. A tool's name, or OpenAI's ``{"type": "function", "function": {"name":
            ...}}``: that one. "none" or False: no tool. Arguments are never made up, whatever the choice:
            the model asks for them.
        strict
            Kept in the schemas; arguments always fit their declared types.

        Raises
        ------
        ValueError
            When ``tool_choice`` names none of the tools.
        """
        schemas = [convert_to_openai_tool(tool, strict=strict) for tool in tools]
        read_choice(tool_choice, read_tools(schemas))  # refused here rather than at the first question
        if tool_choice is not None:
            kwargs["tool_choice"] = tool_choice
        return self.bind(tools=schemas, **kwargs)

    def with_structured_output(
        self, schema: dict[str, Any] | type, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[LanguageModelInput, dict[str, Any] | BaseModel]:
        """Fill a schema with what the last human message says in so many words.

        Only named values (``city=Oslo``), values of an enum, dates, addresses and switches are read:
        nothing is concluded. ``method`` and ``strict`` are taken and make no difference.

        Raises
        ------
        ValueError
            For an unknown keyword argument.
        OfflineModelCannotError
            From the returned runnable, when a required field is not given or does not fit. With
            ``include_raw`` it is returned as ``parsing_error`` instead.
        """
        kwargs.pop("method", None)
        kwargs.pop("strict", None)
        if kwargs:
            raise ValueError(f"Received unsupported arguments {kwargs}")
        name = convert_to_openai_tool(schema)["function"]["name"]
        model = self.bind_tools([schema], tool_choice=name, by_position=False)
        return structured_output(model, schema, include_raw=include_raw)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._answer(messages, stop, kwargs))])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        # A few milliseconds of work and no I/O: another thread would cost more than it saves.
        return self._generate(messages, stop, **kwargs)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for position, message in enumerate(word_by_word(self._answer(messages, stop, kwargs))):
            if position and self.delay:
                time.sleep(self.delay)
            chunk = ChatGenerationChunk(message=message)
            if run_manager:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for position, message in enumerate(word_by_word(self._answer(messages, stop, kwargs))):
            if position and self.delay:
                await asyncio.sleep(self.delay)
            chunk = ChatGenerationChunk(message=message)
            if run_manager:
                await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    def _answer(
        self, messages: Sequence[BaseMessage], stop: Sequence[str] | None, options: Mapping[str, Any]
    ) -> AIMessage:
        schemas = list(options.get("tools") or ())
        tools = read_tools(schemas)
        turn = read_turn(messages)
        plan = plan_calls(
            turn.question,
            tools,
            read_choice(options.get("tool_choice"), tools),
            by_position=bool(options.get("by_position", True)),
        )
        calls = _not_made_yet(plan.calls, turn)
        if calls and options.get("parallel_tool_calls") is False:
            calls = calls[:1]
        text = "" if calls else _cut(_text_answer(turn, plan, tools), stop)
        message = AIMessage(
            content=text,
            tool_calls=_with_ids(calls, messages),
            response_metadata={
                "model_name": self.model_name,
                "finish_reason": "tool_calls" if calls else "stop",
            },
        )
        message.usage_metadata = _usage(messages, message, schemas)
        return message


def _text_answer(turn: Turn, plan: Plan, tools: Sequence[Tool]) -> str:
    asks = bool(plan.incomplete or plan.rivals)
    questions = answers.question_back(plan.incomplete, plan.rivals) if asks else ""
    if turn.results:
        return answers.tool_answer(turn.results, questions)
    if asks and plan.plain:
        return questions
    if turn.passages:
        findings = find_quotes(turn.question, turn.passages)
        return questions if asks and not findings.supported else answers.quoting_answer(findings)
    if asks:
        return questions
    return answers.free_answer(tools) if turn.passages is None else answers.no_passage_answer()


def _not_made_yet(calls: Sequence[Call], turn: Turn) -> list[Call]:
    """Leave out what was called in this turn. By name: a call's arguments may have been corrected by a
    human.
    """
    made = turn.calls.copy()
    left = []
    for call in calls:
        if made[call.name]:
            made[call.name] -= 1
        else:
            left.append(call)
    return left


def _with_ids(calls: Sequence[Call], messages: Sequence[BaseMessage]) -> list[ToolCall]:
    """Calls with ids that are the same for the same conversation and new in it."""
    conversation = hashlib.sha256()
    for message in messages:
        conversation.update(f"{message.id}\0{message.type}\0{message.text}\0".encode(errors="replace"))
    made = []
    for position, call in enumerate(calls):
        digest = conversation.copy()
        digest.update(f"{position}".encode())
        made.append(tool_call(name=call.name, args=call.arguments, id=f"call_{digest.hexdigest()[:24]}"))
    return made


def _usage(messages: Sequence[BaseMessage], answer: AIMessage, schemas: list[dict[str, Any]]) -> UsageMetadata:
    given = count_tokens_approximately(messages, tools=list(schemas) or None)
    said = count_tokens_approximately([answer])
    return UsageMetadata(input_tokens=given, output_tokens=said, total_tokens=given + said)


def _cut(text: str, stop: Sequence[str] | None) -> str:
    """The text before the first stop sequence."""
    ends = [text.find(sequence) for sequence in stop or () if sequence]
    return text[: min((end for end in ends if end >= 0), default=len(text))]
