"""What an actor sees of a tenant's collections and documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import Coalesce

from rag.access import access_collections, access_documents
from rag.models import Chunk, Collection, Document, Reprocessing
from rag.models.document import WORDS_OF_DOCUMENT
from rag.paging import Listed, read_page
from tenants.actors import Actor
from tenants.errors import NotFound
from tenants.words import with_words

MOST_STATES = 200  # documents that are asked about at once


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """Which documents are wanted. ``metadata`` must be part of theirs; each word of ``text`` begins one of their title
    or source."""

    collection_id: UUID | None = None
    statuses: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """What is in a collection: documents by status, bytes of their originals, and passages."""

    by_status: Mapping[str, int]
    size: int
    passages: int

    @property
    def documents(self) -> int:
        """All of them."""
        return sum(self.by_status.values())

    @property
    def under_way(self) -> int:
        """Those that wait, or are being taken in."""
        return sum(self.by_status[status.value] for status in Document.UNDER_WAY)


def list_collections(actor: Actor, limit: int, after: UUID | None) -> Listed[Collection]:
    """The collections that the actor may read, by name."""
    return read_page(access_collections(actor), "name", limit=limit, after=after)


def get_collection(actor: Actor, collection_id: UUID) -> tuple[Collection, Mapping[str, int]]:
    """The collection, and how many of its documents have each status. Raises ``NotFound``."""
    collection = access_collections(actor).filter(pk=collection_id).first()
    if collection is None:
        raise NotFound("There is no such collection.")
    return collection, status_counts(Document.objects.filter(collection=collection))


def collection_figures(actor: Actor, collection_id: UUID) -> Figures:
    """How many documents of each status the collection has, their passages, and what they weigh.

    Raises ``NotFound``.
    """
    if not access_collections(actor).filter(pk=collection_id).exists():
        raise NotFound("There is no such collection.")
    sums = {"number": Count("*"), "weight": Coalesce(Sum("size"), 0), "passages": Coalesce(Sum("chunk_count"), 0)}
    documents = Document.objects.filter(collection=collection_id).order_by()
    rows: Any = documents.values("status").annotate(**sums)
    found = [(row["status"], row["number"], row["weight"], row["passages"]) for row in rows]
    by_status = _with_waiting({status: number for status, number, _, _ in found}, documents)
    return Figures(by_status, sum(weight for *_, weight, _ in found), sum(passages for *_, passages in found))


def status_counts(documents: QuerySet[Document]) -> Mapping[str, int]:
    """How many there are of each status; also of those that none has. Who waits to be taken in anew, is queued."""
    rows = documents.order_by().values_list("status").annotate(number=Count("*"))
    return _with_waiting(dict(rows), documents)


def _with_waiting(found: dict[str, int], documents: QuerySet[Document]) -> Mapping[str, int]:
    """All statuses; those that wait in the list of what is to be taken in anew are counted as queued. A statement of
    its own, so that the other is answered from an index."""
    counts: dict[str, int] = {status.value: 0 for status in Document.Status} | found
    waiting = Reprocessing.objects.filter(document__in=documents.order_by()).values_list("document__status")
    for status, number in waiting.order_by().annotate(number=Count("*")):
        moved = min(number, counts[status])  # the statements are not of the same moment
        counts[status] -= moved
        counts[Document.Status.QUEUED.value] += moved
    return counts


def list_documents(
    actor: Actor, wanted: DocumentFilter, limit: int, after: UUID | None = None, offset: int = 0
) -> Listed[Document]:
    """The documents that the actor may read, newest first, without their text."""
    documents = access_documents(actor).defer("text")
    if wanted.collection_id is not None:
        documents = documents.filter(collection=wanted.collection_id)
    if wanted.statuses:
        documents = documents.filter(status__in=wanted.statuses)
    if wanted.metadata:
        documents = documents.filter(metadata__contains=wanted.metadata)
    if wanted.text:
        documents = with_words(documents, WORDS_OF_DOCUMENT, wanted.text)
    return read_page(documents, "created_at", limit=limit, after=after, offset=offset, descending=True)


def get_document(actor: Actor, document_id: UUID) -> Document:
    """One document, without its text. Raises ``NotFound``."""
    document = access_documents(actor).defer("text").filter(pk=document_id).first()
    if document is None:
        raise NotFound("There is no such document.")
    return document


def list_states(actor: Actor, document_ids: Sequence[UUID]) -> list[Document]:
    """How far each of the documents is, of those that the actor may read; the first ``MOST_STATES``. One statement."""
    asked = list(dict.fromkeys(document_ids))[:MOST_STATES]
    facts = ("status", "error", "error_code", "version", "indexed_version", "chunk_count", "title", "source")
    return list(access_documents(actor).filter(pk__in=asked).only(*facts).order_by()) if asked else []


def list_chunks(actor: Actor, document_id: UUID, limit: int, offset: int) -> Sequence[Chunk]:
    """A document's chunks, in its order. Raises ``NotFound``."""
    get_document(actor, document_id)
    return list(Chunk.objects.filter(document=document_id).order_by("ordinal")[offset : offset + limit])
