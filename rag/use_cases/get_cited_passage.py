"""A passage that somebody has been shown as a source: it opens for them, and the rest of its document does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models.functions import Substr

from rag.access import access_documents
from rag.models import Document
from rag.models.document import not_deleted
from tenants.actors import Actor
from tenants.errors import NotFound

AROUND = 600  # characters of the document before and after it, for those who may read that
LONGEST_PASSAGE = 20_000  # characters: what a model is given as one passage is far shorter


@dataclass(frozen=True, slots=True)
class Place:
    """Where a passage stands: ``text[start:end]`` of this version of a document, in characters."""

    document_id: UUID
    version: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class CitedPassage:
    """Its text; ``before`` and ``after`` are empty for those who may not read the document."""

    document_id: UUID
    text: str
    before: str
    after: str


def get_cited_passage(actor: Actor, place: Place) -> CitedPassage:
    """The passage. That it was cited to the actor is for the caller to know. Raises ``NotFound`` where the document is
    gone, or says something else by now."""
    end = min(place.end, place.start + LONGEST_PASSAGE)
    found = not_deleted(Document.objects.filter(pk=place.document_id, indexed_version=place.version))
    text = found.values_list(_piece(place.start, end), flat=True).first()
    if not text:
        raise NotFound("There is no such passage. Its document was removed or replaced.")
    around = access_documents(actor).filter(pk=place.document_id, indexed_version=place.version)
    pieces = (_piece(max(0, place.start - AROUND), place.start), _piece(end, end + AROUND))
    before, after = around.values_list(*pieces).first() or ("", "")
    return CitedPassage(place.document_id, text, _from_a_word(before, place.start), _to_a_word(after))


def _piece(start: int, end: int) -> Any:
    """The document's characters from ``start`` to ``end``."""
    return Substr("text", start + 1, end - start)


def _from_a_word(text: str, end: int) -> str:
    whole = text if end <= AROUND else text.partition(" ")[2]
    return whole.rstrip()


def _to_a_word(text: str) -> str:
    whole = text if len(text) < AROUND else text.rpartition(" ")[0]
    return whole.strip()
