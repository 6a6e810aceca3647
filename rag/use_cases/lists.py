"""What an actor sees of a tenant's collections and documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from rag.access import access_collections, access_documents
from rag.models import Chunk, Collection, Document
from rag.paging import Listed, read_page
from tenants.actors import Actor
from tenants.errors import NotFound


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """Which documents are wanted. ``metadata`` must be part of theirs; ``text`` stands in their title or source."""

    collection_id: UUID | None = None
    statuses: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""


def list_collections(actor: Actor, limit: int, after: UUID | None) -> Listed[Collection]:
    """The collections that the actor may read, by name."""
    return read_page(access_collections(actor), "name", limit=limit, after=after)


def get_collection(actor: Actor, collection_id: UUID) -> tuple[Collection, Mapping[str, int]]:
    """The collection, and how many of its documents have each status. Raises ``NotFound``."""
    collection = access_collections(actor).filter(pk=collection_id).first()
    if collection is None:
        raise NotFound("There is no such collection.")
    return collection, status_counts(Document.objects.filter(collection=collection))


def status_counts(documents: QuerySet[Document]) -> Mapping[str, int]:
    """How many there are of each status; also of those that none has."""
    rows = documents.order_by().values_list("status").annotate(Count("pk"))
    return {status.value: 0 for status in Document.Status} | dict(rows)


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
        text = wanted.text.replace("\x00", "")
        documents = documents.filter(Q(title__icontains=text) | Q(source__icontains=text))
    return read_page(documents, "created_at", limit=limit, after=after, offset=offset, descending=True)


def get_document(actor: Actor, document_id: UUID) -> Document:
    """One document, without its text. Raises ``NotFound``."""
    document = access_documents(actor).defer("text").filter(pk=document_id).first()
    if document is None:
        raise NotFound("There is no such document.")
    return document


def list_chunks(actor: Actor, document_id: UUID, limit: int, offset: int) -> Sequence[Chunk]:
    """A document's chunks, in its order. Raises ``NotFound``."""
    get_document(actor, document_id)
    return list(Chunk.objects.filter(document=document_id).order_by("ordinal")[offset : offset + limit])
