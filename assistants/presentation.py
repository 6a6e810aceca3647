"""Rows as the API and the events show them: one shape for both."""

from __future__ import annotations

from typing import Any

from assistants.models import Message
from assistants.runs.turns import as_json_id


def message_as_json(row: Message) -> dict[str, Any]:
    """A message as JSON: ``id`` is text whatever the key's type, as in the seed's API."""
    data = row.message["data"]
    return {
        "id": str(row.pk),
        "type": row.type,
        "content": row.content,
        "created_at": row.created_at.isoformat().replace("+00:00", "Z"),  # as the API's renderer writes it
        "run_id": as_json_id(row.run_id),
        "citations": row.citations,
        "partial": bool(data.get("additional_kwargs", {}).get("partial")),
    }
