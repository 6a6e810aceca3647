"""What OpenAI's clients send, as far as it is read here. Fields that are not named here are taken and ignored."""

from __future__ import annotations

from typing import Any, Literal

from ninja import Schema
from pydantic import Field

NO_ARGUMENTS: dict[str, Any] = {"type": "object", "properties": {}}


class ContentPart(Schema):
    """A part of a message. Other types than text are refused, with a word about it."""

    type: str
    text: str | None = None
    refusal: str | None = None


class CalledFunction(Schema):
    """A function's name, and its arguments as JSON."""

    name: str
    arguments: str


class ToolCall(Schema):
    """A call that the model has made."""

    id: str
    type: Literal["function"] = "function"
    function: CalledFunction


class ClientMessage(Schema):
    """A message of the conversation that the client keeps."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[ContentPart] | None = None
    refusal: str | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None


class Function(Schema):
    """A function that the client offers."""

    name: str = Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class ClientTool(Schema):
    """A tool that the client offers."""

    type: Literal["function"]
    function: Function


class StreamOptions(Schema):
    """How to stream."""

    include_usage: bool | None = False


class CompletionIn(Schema):
    """A request for a chat completion.

    The fields from ``n`` on are refused where they ask for something (``supported.py``): they would change the
    answer's shape or meaning.
    """

    model: str
    messages: list[ClientMessage] = Field(min_length=1)
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    tools: list[ClientTool] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    response_format: dict[str, Any] | None = None

    n: int | None = None
    stop: str | list[str] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    audio: dict[str, Any] | None = None
    modalities: list[str] | None = None
    functions: list[Any] | None = None
    function_call: Any = None
    web_search_options: dict[str, Any] | None = None

    def as_asked(self) -> dict[str, Any]:
        """What makes two requests the same: all but the way in which the answer comes."""
        return self.dict(exclude={"stream", "stream_options"}, exclude_none=True)
