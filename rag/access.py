"""Rows for an actor. What it may not see looks as what is not there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import QuerySet

from rag.models import Chunk, Collection, Document
from rag.models.document import not_deleted
from rag.policies import may_write_collections
from tenants.actors import Actor
from tenants.errors import NotAllowed, NotFound
from tenants.rules.actions import READ_COLLECTION
from tenants.rules.book import rule_book
from tenants.rules.rule_set import Scope


def access_collections(actor: Actor, assistant_id: str = "") -> QuerySet[Collection]:
    """The collections that the actor may read by the tenant's access rules; through an assistant, if one is named."""
    readable = _readable(actor, assistant_id)
    if readable.is_all:
        return Collection.objects.all()
    named = [key for each in readable.exceptions if (key := _as_key(each)) is not None]
    return (
        Collection.objects.exclude(pk__in=named) if readable.others_allowed else Collection.objects.filter(pk__in=named)
    )


def collections_kept_from(actor: Actor, names: Iterable[str]) -> set[str]:
    """Of the collections that are named by their ids, those that are there and that the actor may not read."""
    named = [key for each in names if (key := _as_key(each)) is not None]
    kept = Collection.objects.filter(pk__in=named).exclude(pk__in=access_collections(actor).values("pk"))
    return {str(pk) for pk in kept.values_list("pk", flat=True)}


def access_chosen_collections(
    actor: Actor, collection_ids: Sequence[UUID] | None, assistant_id: str = ""
) -> list[Collection]:
    """The named collections, or without names all that the actor may read. Raises ``NotFound``."""
    readable = access_collections(actor, assistant_id)
    if collection_ids is None:
        return list(readable)
    chosen = list(readable.filter(pk__in=collection_ids))
    if len(chosen) != len(set(collection_ids)):
        raise NotFound("There is no such collection.")
    return chosen


def access_collection_to_write(actor: Actor, collection_id: UUID) -> Collection:
    """A collection that the actor may change. Raises ``NotFound``; ``NotAllowed`` if it may only read."""
    collection = access_collections(actor).filter(pk=collection_id).first()
    if collection is None:
        raise NotFound("There is no such collection.")
    check_may_write(actor)
    return collection


def access_documents(actor: Actor) -> QuerySet[Document]:
    """The documents of the collections that the actor may read."""
    if _readable(actor).is_all:
        return not_deleted(Document.objects.all())  # a long list is not joined with anything
    return Document.objects.filter(collection__in=access_collections(actor))


def access_document_to_write(actor: Actor, document_id: UUID) -> Document:
    """A document that the actor may change. Raises ``NotFound``; ``NotAllowed`` if it may only read."""
    document = access_documents(actor).filter(pk=document_id).first()
    if document is None:
        raise NotFound("There is no such document.")
    check_may_write(actor)
    return document


def access_chunk(actor: Actor, chunk_id: int) -> Chunk:
    """A chunk with its document. Raises ``NotFound``."""
    chunk = (
        Chunk.objects.filter(collection__in=access_collections(actor), pk=chunk_id).select_related("document").first()
    )
    if chunk is None:
        raise NotFound("There is no such passage. Its document was removed or replaced.")
    return chunk


def check_may_write(actor: Actor) -> None:
    """Raises ``NotAllowed`` for an actor that only reads."""
    if not may_write_collections(actor):
        raise NotAllowed("Owners, admins and editors change collections and documents.")


def _readable(actor: Actor, assistant_id: str = "") -> Scope:
    """The names of collections that the actor may read."""
    return rule_book.rules().scope(actor, READ_COLLECTION, over="resource", assistant_id=assistant_id)


def _as_key(name: str) -> UUID | None:
    """What a rule names as a collection; None where no collection is called so."""
    try:
        return UUID(name)
    except ValueError:
        return None
