"""Headers that requests about runs may send, and streams: what the API's document says of both.

The operations read the headers themselves: how they refuse a wrong one is theirs to say.
"""

from __future__ import annotations

from typing import Any

from assistants.runs import sse


def _header(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"in": "header", "name": name, "required": False, "schema": schema, "description": description}


IDEMPOTENCY_KEY = _header(
    "Idempotency-Key",
    {"type": "string", "maxLength": 255},
    "The same key with the same request gives the same run, for 24 hours: safe to send again when no answer came.",
)
LAST_EVENT_ID = _header(
    "Last-Event-ID",
    {"type": "string", "pattern": "^[0-9]{1,9}$"},
    "Number of the last event that came: the stream goes on behind it. `after` says the same.",
)


def begins_run(streams: str) -> dict[str, Any]:
    """For ``openapi_extra`` of an operation that sets a run going. ``streams``: what its answer of 200 is, and when."""
    return {
        "parameters": [IDEMPOTENCY_KEY],
        "responses": {200: {"description": streams, "content": {sse.CONTENT_TYPE: {"schema": {"type": "string"}}}}},
    }


STREAMED = begins_run("With the mode `stream`, or `Accept: text/event-stream`: the run's events as they happen")
