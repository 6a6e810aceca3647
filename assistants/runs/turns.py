"""A turn as data: all that running it needs, read before the model is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from langchain_core.documents import Document
from langchain_core.messages import BaseMessage

from assistants.assistants import AIAssistant
from assistants.graph.client_tools import FromClient
from tenants.actors import Actor


@dataclass(frozen=True, slots=True)
class Turn:
    """A stored question whose run has begun. ``asked`` is the question as the API shows it."""

    actor: Actor
    run_id: Any
    thread_id: Any
    assistant: AIAssistant
    question: str
    question_id: Any
    asked: dict[str, Any]
    history: Sequence[BaseMessage] = ()
    so_far: Sequence[BaseMessage] = ()
    """What the turn has brought already: before it waited for a person, or by its client. The graph goes on there."""
    replaces: Any = None
    """The run whose answer is asked for anew, by its key; None for a new question."""
    shown: Sequence[dict[str, Any]] = ()
    """That of ``so_far`` which people read, as the API shows it."""
    decisions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What a person has decided on the calls that the last message of ``so_far`` proposes, by the calls' ids."""
    receipt: Mapping[str, Any] = field(default_factory=dict)
    """The run's receipt so far (runs/receipts.py): what follows is added to it."""
    found: Sequence[Document] = ()
    """The receipt's passages that the tools in ``so_far`` had found (runs/found_before.py)."""
    from_client: FromClient | None = None
    """What the client of a completion brought; None for every other turn."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a turn.

    ``error_code`` is set when it failed; ``messages`` then hold what was said until then. ``cancelled``: a person has
    stopped it. ``waiting`` are the tool calls that a person must approve before the run can go on.
    """

    messages: Sequence[BaseMessage] = ()
    waiting: Sequence[dict[str, Any]] = ()
    cancelled: bool = False
    error_code: str = ""
    error_detail: str = ""
    error_detail_admin: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    model: str = ""
    prompt_hash: str = ""
    cost: Decimal | None = None
    counted_tokens: int = 0
    """What counts at budgets since the run began, or went on: no less than was told (runs/token_use.py)."""
    counted_cost: Decimal = Decimal(0)
    removed_markers: int = 0
    grounding: str = ""
    cited: Sequence[Sequence[dict[str, Any]]] = ()
    """What each of ``messages`` cites."""
    output: Any = None
    """The object of the wanted structure, as JSON; None where the answer is text."""
    receipt: Mapping[str, Any] = field(default_factory=dict)

    @property
    def citations(self) -> list[dict[str, Any]]:
        """What the messages cite together, each passage once, as the last of them that cites it does."""
        by_number = {each["number"]: each for citations in self.cited for each in citations}
        return sorted(by_number.values(), key=lambda citation: citation["number"])


def as_json_id(value: Any) -> Any:
    """A key as it stands in JSON: UUIDs as text, numbers as they are."""
    return str(value) if isinstance(value, UUID) else value
