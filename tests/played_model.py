"""A chat model that answers from a list, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import invalid_tool_call, tool_call, tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableLambda
from pydantic import Field


class PlayedModel(BaseChatModel):
    """Gives ``answers`` one by one: a text, an AI message, an object (structured output), or an exception to raise.

    The last answer is given again and again. ``asked`` are the prompts, ``bound`` the tools, ``wanted`` the schemas.
    """

    answers: list[Any]
    asked: list[list[BaseMessage]] = Field(default_factory=list)
    bound: list[Any] = Field(default_factory=list)
    wanted: list[Any] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "played"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, Any]:
        self.bound = list(tools)
        return self

    def with_structured_output(self, schema: Any, **kwargs: Any) -> Runnable[Any, Any]:
        self.wanted.append(schema)
        return RunnableLambda(self._next)

    def _next(self, messages: Sequence[BaseMessage]) -> Any:
        answer = self.answers[min(len(self.asked), len(self.answers) - 1)]
        self.asked.append(list(messages))
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _message(self, messages: Sequence[BaseMessage]) -> AIMessage:
        answer = self._next(messages)
        return AIMessage(content=answer) if isinstance(answer, str) else answer

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._message(messages))])

    async def _astream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        message = self._message(messages)
        for word in message.text.splitlines(keepends=True) if message.text else ():
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))
        if message.tool_calls or message.invalid_tool_calls or not message.text:
            yield ChatGenerationChunk(message=_chunk(message))


def _chunk(message: AIMessage) -> AIMessageChunk:
    import json

    wanted = [(call["name"], json.dumps(call["args"]), call["id"]) for call in message.tool_calls]
    wanted += [(call["name"], call["args"], call["id"]) for call in message.invalid_tool_calls]
    chunks = [tool_call_chunk(name=n, args=a, id=i, index=index) for index, (n, a, i) in enumerate(wanted)]
    return AIMessageChunk(content="", tool_call_chunks=chunks)


def wants(*calls: tuple[str, dict[str, Any]]) -> AIMessage:
    """A message in which the model asks for tools; the calls are named call_1, call_2 ..."""
    made = [tool_call(name=name, args=args, id=f"call_{number}") for number, (name, args) in enumerate(calls, 1)]
    return AIMessage(content="", tool_calls=made)


def wants_nonsense(name: str, arguments: str) -> AIMessage:
    """A message in which the model calls a tool with arguments that are no JSON."""
    broken = invalid_tool_call(name=name, args=arguments, id="call_1", error=None)
    return AIMessage(content="", invalid_tool_calls=[broken])
