"""Server-Sent Events, read as a client would."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class SentEvent:
    id: str
    type: str
    data: Any


def read_events(text: str) -> list[SentEvent]:
    """The events in a stream's text; comments are left out."""
    events = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":"))
        if fields:
            events.append(SentEvent(fields["id"], fields["event"], json.loads(fields["data"])))
    return events
