"""A thread as people read it in the console: what was said, on what it rested, and how each run ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from assistants.models import Message, Run, Thread


@dataclass(frozen=True)
class Line:
    """One message. ``kind`` is LangChain's type; ``tools`` are the names of the tools that an AI message calls.

    ``is_unsupported``: it says that nothing supports an answer. ``thumb`` is "up", "down" or empty, and
    ``feedback`` what was said with it.
    """

    kind: str
    text: str
    said_at: datetime
    citations: list[dict[str, Any]]
    tools: list[str]
    tool_name: str
    is_partial: bool
    is_superseded: bool
    is_unsupported: bool
    thumb: str
    feedback: str


@dataclass
class Turn:
    """The messages of one run, in order; ``run`` is None for messages that no run made."""

    run: Run | None
    lines: list[Line] = field(default_factory=list)

    @property
    def seconds(self) -> float | None:
        """How long the run took, in seconds; None while it is going on."""
        if self.run is None or self.run.finished_at is None:
            return None
        return (self.run.finished_at - self.run.created_at).total_seconds()


def read_transcript(thread: Thread, *, newest: int) -> list[Turn]:
    """The ``newest`` messages of the thread by run, oldest first. One query."""
    rows = list(thread.messages.select_related("run").order_by("-created_at", "-id")[:newest])
    turns: list[Turn] = []
    for row in reversed(rows):
        if not turns or row.run_id is None or turns[-1].run != row.run:
            turns.append(Turn(row.run))
        turns[-1].lines.append(_line(row))
    return turns


def _line(row: Message) -> Line:
    data = row.message.get("data", {})
    return Line(
        kind=row.type,
        text=row.content,
        said_at=row.created_at,
        citations=[citation for citation in row.citations if isinstance(citation, dict)],
        tools=[call.get("name", "") for call in data.get("tool_calls") or []],
        tool_name=data.get("name") or "",
        is_partial=bool(data.get("additional_kwargs", {}).get("partial")),
        is_superseded=row.superseded,
        is_unsupported=data.get("additional_kwargs", {}).get("grounded") is False,
        thumb="" if row.thumb is None else "up" if row.thumb > 0 else "down",
        feedback=row.feedback,
    )
