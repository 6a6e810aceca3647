"""LangChain messages: their text, and which of them people read."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from math import isfinite
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

_NO_TEXT = re.compile("[\x00\ud800-\udfff]")  # what neither PostgreSQL nor UTF-8 takes


def text_of(content: object) -> str:
    """The text in a LangChain message's content, which is a string or a list of typed parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(part if isinstance(part, str) else part.get("text") or "" for part in parts)


def is_readable(message: BaseMessage) -> bool:
    """True for what people read in a conversation."""
    return message.type == "human" or (message.type == "ai" and bool(text_of(message.content)))


def call_ids(message: BaseMessage) -> set[str | None]:
    """The ids of the tool calls in a message, those that could not be read included: each wants an answer."""
    if not isinstance(message, AIMessage):
        return set()
    return {call["id"] for call in (*message.tool_calls, *message.invalid_tool_calls)}


def without_open_calls(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """The messages without tool calls that nobody answered, and without answers to calls that are not there: no
    provider accepts either. Answers follow their call at once; ids alone do not tell, as some servers use them again.
    """
    whole: list[BaseMessage] = []
    left = deque(messages)
    while left:
        message = left.popleft()
        answers: dict[str, BaseMessage] = {}
        while left and isinstance(answer := left[0], ToolMessage):
            answers[answer.tool_call_id] = answer
            left.popleft()
        ids = call_ids(message)
        if not isinstance(message, ToolMessage) and ids <= answers.keys():
            whole += [message, *(answer for id, answer in answers.items() if id in ids)]
    return whole


def storable(value: Any) -> Any:
    """``value`` as JSON that PostgreSQL takes. Models and tools say anything: NUL characters, halves of surrogate
    pairs, NaN, objects of an SDK. None of it may cost the answer that it came with."""
    if isinstance(value, str):
        return _NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, dict):
        return {storable(str(key)): storable(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [storable(each) for each in value]
    if value is None or isinstance(value, (bool, int)) or (isinstance(value, float) and isfinite(value)):
        return value
    return storable(str(value))
