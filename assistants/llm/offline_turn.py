"""What the offline model reads out of the messages it is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from assistants.graph.passages import ParsedPassage, holds_passages, parse_passages


@dataclass(frozen=True)
class ToolResult:
    """What a tool answered in this turn; ``failed`` when ``text`` is an error message."""

    name: str
    text: str
    failed: bool


@dataclass(frozen=True)
class Turn:
    """The current turn: the last human message and all that came after it.

    Attributes
    ----------
    question
        Text of the last human message; empty when there is none.
    passages
        Those of the last system message that holds a block of passages; None when nobody searched.
    results
        What tools answered, in order.
    calls
        How often each tool was called.
    """

    question: str
    passages: tuple[ParsedPassage, ...] | None
    results: tuple[ToolResult, ...]
    calls: Counter[str]


def read_turn(messages: Sequence[BaseMessage]) -> Turn:
    """Read the current turn out of a conversation, oldest message first."""
    asked = max((at for at, message in enumerate(messages) if isinstance(message, HumanMessage)), default=-1)
    since = messages[asked + 1 :]
    made = {
        str(call["id"]): call["name"]
        for message in since
        if isinstance(message, AIMessage)
        for call in message.tool_calls
    }
    results = [_result(message, made) for message in since if isinstance(message, ToolMessage)]
    return Turn(
        question=str(messages[asked].text) if asked >= 0 else "",
        passages=_passages(messages),
        results=tuple(results),
        calls=Counter(made.values()),
    )


def _result(message: ToolMessage, made: dict[str, str]) -> ToolResult:
    name = message.name or made.get(message.tool_call_id) or "tool"
    return ToolResult(name, str(message.text), message.status == "error")


def _passages(messages: Sequence[BaseMessage]) -> tuple[ParsedPassage, ...] | None:
    for message in reversed(messages):
        if isinstance(message, SystemMessage) and holds_passages(text := str(message.text)):
            return tuple(parse_passages(text))
    return None
