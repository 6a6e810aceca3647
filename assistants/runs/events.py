"""The events of a run: what a stream sends and the log keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

EventType = Literal[
    "run.started",
    "message.delta",
    "tool.started",
    "tool.finished",
    "citations",
    "output",
    "run.restarted",
    "run.resumed",
    "run.waiting",
    "run.cancelled",
    "run.done",
    "error",
]

FINAL: frozenset[str] = frozenset({"run.waiting", "run.cancelled", "run.done", "error"})


@dataclass(frozen=True, slots=True)
class Event:
    """One event. ``sequence`` counts from 1 within its run and is the id in a stream."""

    sequence: int
    type: EventType
    payload: dict[str, Any]

    @property
    def is_final(self) -> bool:
        """True for the event that ends the stream: the run is over, or waits for a person."""
        return self.type in FINAL
