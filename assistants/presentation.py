"""Rows as the API and the events show them: one shape for both."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from assistants.messages import text_of
from assistants.models import Message
from assistants.runs.turns import as_json_id

# What citations that were stored by older versions do not have.
_OLDER: dict[str, Any] = {
    "version": None,
    "chunk_ids": [],
    "start": None,
    "end": None,
    "quote_in_passage": None,
    "quote_in_document": None,
    "markers": [],
}


class StoredMessage(NamedTuple):
    """A message's row without the cost of a model instance: a list has hundreds."""

    pk: Any
    created_at: datetime
    run_id: Any
    message: dict[str, Any]
    citations: list[dict[str, Any]]
    variant: int
    variants: int
    thumb: int | None
    feedback: str


def message_as_json(row: Message | StoredMessage) -> dict[str, Any]:
    """A message as JSON: ``id`` is text whatever the key's type, as in the seed's API."""
    data = row.message["data"]
    return {
        "id": str(row.pk),
        "type": row.message["type"],
        "content": text_of(data.get("content", "")),
        "created_at": row.created_at.isoformat().replace("+00:00", "Z"),  # as the API's renderer writes it
        "run_id": as_json_id(row.run_id),
        "citations": [{**_OLDER, **citation} for citation in row.citations],
        "grounded": data.get("additional_kwargs", {}).get("grounded"),
        "partial": bool(data.get("additional_kwargs", {}).get("partial")),
        "variant": row.variant,
        "variants": row.variants,
        "feedback": _feedback(row),
    }


def _feedback(row: Message | StoredMessage) -> dict[str, Any] | None:
    if row.thumb is None:
        return None
    return {"thumb": "up" if row.thumb > 0 else "down", "text": row.feedback}
