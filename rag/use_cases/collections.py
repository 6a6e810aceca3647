"""Change and delete collections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from rag.access import access_collection_to_write
from rag.models import Collection, Document
from rag.use_cases.create_collection import check_name, check_splitting
from rag.use_cases.remove_collection import left_to_remove
from rag.use_cases.reprocess import reprocess_all
from tenants.actors import Actor
from tenants.audit import record, snapshot
from tenants.errors import Conflict, InvalidInput


class NameDoesNotMatch(InvalidInput):
    """This is not the name of the collection."""

    code = "name_does_not_match"


_CHANGEABLE = ("name", "description", "chunk_tokens", "overlap_tokens")


def change_collection(actor: Actor, collection_id: UUID, changes: Mapping[str, Any]) -> Collection:
    """Change the name, the description or how documents are split, which holds for those that are read from now on.

    Raises ``NotFound``, ``NotAllowed``, ``InvalidInput``; ``Conflict`` for a name that is taken.
    """
    collection = access_collection_to_write(actor, collection_id)
    before = snapshot(collection)
    for field in _CHANGEABLE:
        if changes.get(field) is not None:
            setattr(collection, field, changes[field])
    collection.name = check_name(collection.name)
    collection.description = collection.description.replace("\x00", "").strip()
    check_splitting(collection.chunk_tokens, collection.overlap_tokens)
    try:
        with transaction.atomic():
            collection.save(update_fields=_CHANGEABLE)
            if snapshot(collection) != before:
                record("collection.changed", collection, before=before, after=snapshot(collection), by=actor)
    except IntegrityError as error:
        raise Conflict(f"There is a collection named {collection.name} already.", code="collection_exists") from error
    return collection


def reprocess_collection(actor: Actor, collection_id: UUID) -> int:
    """Take all documents of the collection in anew, as it is set now; what is there answers until each is ready.

    Returns how many. Raises ``NotFound``, ``NotAllowed``.
    """
    collection = access_collection_to_write(actor, collection_id)
    with transaction.atomic():
        count = reprocess_all(actor, Document.objects.filter(collection=collection))
        record("collection.reprocessed", collection, after={"documents": count}, by=actor)
    return count


def delete_named_collection(actor: Actor, collection_id: UUID, name: str) -> Collection:
    """``delete_collection``, for a person who has to write its name. Raises ``NameDoesNotMatch`` and what that does."""
    collection = access_collection_to_write(actor, collection_id)
    if name.strip() != collection.name:
        raise NameDoesNotMatch(f"This is not its name. Write {collection.name} to delete it.", field="name")
    delete_collection(actor, collection_id)
    return collection


def delete_collection(actor: Actor, collection_id: UUID) -> None:
    """Delete the collection with its documents and all that was made of them. Raises ``NotFound``, ``NotAllowed``.

    From now on nobody finds it, and its name is free; a job takes its rows away (``rag.use_cases.remove_collection``).
    """
    from rag.tasks import remove_collection as job

    collection = access_collection_to_write(actor, collection_id)
    with transaction.atomic():
        if not Collection.objects.select_for_update().filter(pk=collection.pk).exists():
            return  # somebody else has just deleted it
        record("collection.deleted", collection, before=snapshot(collection), by=actor)
        collection.deleted_at, collection.name = timezone.now(), f"{collection.name[:150]} ({collection.pk})"
        collection.save(update_fields=["deleted_at", "name"])
        for key in left_to_remove(collection.pk):
            job.defer(collection_id=str(key))
