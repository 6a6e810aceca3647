"""The model's streamed answer as one message that can be trusted to be whole."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, message_chunk_to_message
from langchain_core.messages.tool import ToolCallChunk, invalid_tool_call, tool_call


def as_message(said: BaseMessage) -> BaseMessage:
    """The pieces put together, each tool call with an id.

    LangChain completes JSON that was cut off, and so would call a tool with half of an argument: a call whose
    arguments are not whole becomes one that could not be understood. Some servers leave out the ids of calls, or
    send empty ones, and then no answer would find its call; of two calls with one id, a person could not decide on
    one and not the other.
    """
    message = message_chunk_to_message(said) if isinstance(said, AIMessageChunk) else said
    if isinstance(message, AIMessage):
        if isinstance(said, AIMessageChunk) and said.tool_call_chunks:
            _leave_out_broken_calls(message, said.tool_call_chunks)
        taken: set[str | None] = set()
        for call in (*message.tool_calls, *message.invalid_tool_calls):
            if not call["id"] or call["id"] in taken:
                call["id"] = f"call_{uuid4().hex}"
            taken.add(call["id"])
    return message


def _leave_out_broken_calls(message: AIMessage, chunks: list[ToolCallChunk]) -> None:
    read = [(chunk, _arguments(chunk["args"])) for chunk in chunks]
    if all(arguments is not None for _, arguments in read):
        return
    message.tool_calls = [
        tool_call(name=chunk["name"] or "", args=arguments, id=chunk["id"])
        for chunk, arguments in read
        if arguments is not None
    ]
    message.invalid_tool_calls = [
        invalid_tool_call(name=chunk["name"], args=chunk["args"], id=chunk["id"], error="not a JSON object")
        for chunk, arguments in read
        if arguments is None
    ]


def _arguments(written: str | None) -> dict[str, Any] | None:
    """The arguments, or None where they are no whole JSON object."""
    if not written:
        return {}  # a tool without arguments
    try:
        arguments = json.loads(written, strict=False)
    except ValueError:
        return None
    return arguments if isinstance(arguments, dict) else None
