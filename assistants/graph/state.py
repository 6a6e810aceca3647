"""What a run's graph works on (state) and with (context)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, TypedDict

from langchain_core.documents import Document
from langchain_core.messages import AnyMessage, BaseMessage
from langgraph.graph.message import add_messages

from assistants.assistants import AIAssistant

History = Callable[[], Awaitable[Sequence[BaseMessage]]]


class TurnState(TypedDict, total=False):
    """One turn: what was asked, what was found, and the messages it adds to the thread."""

    question: str
    system: str
    history: Sequence[BaseMessage]
    passages: list[Document]
    messages: Annotated[list[AnyMessage], add_messages]


@dataclass(frozen=True, slots=True)
class TurnContext:
    """All that the graph's nodes may reach: no globals, no database behind their backs."""

    assistant: AIAssistant
    history: History
    on_text: Callable[[str], None]
    """Called with each piece of text that the model says."""
