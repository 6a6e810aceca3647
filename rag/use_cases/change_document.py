"""Change what is said about a document."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.db import transaction

from rag.access import access_document_to_write
from rag.ingest.encodings import clean
from rag.ingest.queue import start_waiting
from rag.models import Document, Original
from rag.use_cases.add_document import queue
from tenants.actors import Actor
from tenants.audit import record, snapshot
from tenants.errors import InvalidInput, NotFound

MOST_METADATA = 16_000  # characters of JSON


def change_document(
    actor: Actor, document_id: UUID, *, title: str | None = None, metadata: dict[str, Any] | None = None
) -> Document:
    """Give another title, for which the document is read anew, or other metadata, which holds at once.

    Raises ``NotFound``, ``NotAllowed``, ``InvalidInput``.
    """
    access_document_to_write(actor, document_id)
    with transaction.atomic():
        document = Document.objects.select_for_update().defer("text").filter(pk=document_id).first()
        if document is None:
            raise NotFound("There is no such document.")
        before = snapshot(document)
        if metadata is not None:
            document.metadata = check_metadata(metadata)
            document.save(update_fields=["metadata", "updated_at"])
        if title is not None and clean(title).strip():
            Original.objects.filter(document=document).update(title=clean(title).strip()[:500])
            queue(document)
            document.save(update_fields=["status", "error", "error_code", "queued_at", "attempts", "updated_at"])
            start_waiting()
        record("document.changed", document, before=before, after=snapshot(document) | _titled(title), by=actor)
    return document


def _titled(title: str | None) -> dict[str, Any]:
    """The title as the log shows it, which the row gets when the document is read anew."""
    return {"title": clean(title).strip()[:500]} if title else {}


def parse_metadata(text: str) -> dict[str, Any]:
    """The JSON object that somebody has written; of nothing, an empty one. Raises ``InvalidInput``."""
    try:
        value = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise InvalidInput('Metadata are a JSON object, such as {"year": 2024}.', field="metadata")
    return check_metadata(value)


def check_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    """What PostgreSQL can store of it, if it is not too much. Raises ``InvalidInput``."""
    try:
        text = json.dumps(metadata, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(
            "Metadata are plain JSON: no NaN, no Infinity, nothing too deep.", field="metadata"
        ) from error
    if len(text) > MOST_METADATA:
        raise InvalidInput(f"Metadata have at most {MOST_METADATA:,} characters of JSON.", field="metadata")
    if "\\u0000" in text or clean(text) != text.replace("\r", "\n"):
        raise InvalidInput("Metadata cannot hold null bytes or halves of letters.", field="metadata")
    return metadata
