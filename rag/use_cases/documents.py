"""What is done with documents that are there: take in anew, cancel, delete several, hand out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from rag.access import access_collection_to_write, access_document_to_write, access_documents, check_may_write
from rag.exceptions import IngestionCancelled
from rag.ingest.kinds import MEDIA_TYPES
from rag.ingest.queue import start_waiting
from rag.models import Document, Original
from rag.use_cases.add_document import queue
from rag.use_cases.delete_document import delete_document
from rag.use_cases.reprocess import forget_reprocessing
from tenants.actors import Actor
from tenants.errors import AtriumError, Conflict, InvalidInput, NotFound

MOST_AT_ONCE = 500  # documents of one request
CANCELLED_AT_ONCE = 1_000  # documents of one transaction

_EXTENSIONS = {media_type: extension for extension, media_type in reversed(MEDIA_TYPES.items())}


class NotUnderWay(Conflict):
    """This document is not being taken in: there is nothing to cancel."""

    code = "not_under_way"


class NothingStored(NotFound):
    """There is no original: the address was not read yet."""

    code = "nothing_stored"


@dataclass(frozen=True, slots=True)
class Refused:
    """A document that something was not done to, and why."""

    id: UUID
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class OriginalFile:
    """What was handed in, to be saved under ``name``."""

    name: str
    media_type: str
    content: bytes


def reprocess_document(actor: Actor, document_id: UUID) -> Document:
    """Read, split and embed the document anew, as its collection is set now; an address is fetched anew.

    What was made of it before answers until then. Raises ``NotFound``, ``NotAllowed``.
    """
    access_document_to_write(actor, document_id)
    with transaction.atomic():
        document = Document.objects.select_for_update().defer("text").filter(pk=document_id).first()
        if document is None:
            raise NotFound("There is no such document.")
        queue(document)
        document.save(update_fields=["status", "error", "error_code", "queued_at", "attempts", "updated_at"])
        start_waiting()
    return document


def cancel_document(actor: Actor, document_id: UUID) -> Document:
    """Do not take the document in, also where that has begun. An older version goes on answering.

    Raises ``NotFound``, ``NotAllowed``; ``NotUnderWay``.
    """
    access_document_to_write(actor, document_id)
    with transaction.atomic():
        document = Document.objects.select_for_update().defer("text").filter(pk=document_id).first()
        was_to_be = forget_reprocessing(Document.objects.filter(pk=document_id))
        if document is not None and was_to_be:
            return document  # it stays as it is
        if document is None or document.status not in Document.UNDER_WAY:
            raise NotUnderWay
        reason = IngestionCancelled()
        document.status, document.error, document.error_code = Document.Status.CANCELLED, reason.detail, reason.code
        document.save(update_fields=["status", "error", "error_code", "updated_at"])
    return document


def check_may_add(actor: Actor, collection_id: UUID) -> None:
    """Raises ``NotFound`` and ``NotAllowed``, as ``add_document`` would for each document."""
    access_collection_to_write(actor, collection_id)


def delete_documents(actor: Actor, document_ids: Sequence[UUID]) -> Sequence[Refused]:
    """Delete each of them, and return those that could not be. Raises ``InvalidInput`` for too many."""
    return _to_each(document_ids, lambda document_id: delete_document(actor, document_id))


def reprocess_documents(actor: Actor, document_ids: Sequence[UUID]) -> Sequence[Refused]:
    """Take each of them in anew, and return those that could not be. Raises ``InvalidInput`` for too many."""
    return _to_each(document_ids, lambda document_id: reprocess_document(actor, document_id))


def cancel_all(actor: Actor, chosen: QuerySet[Document]) -> int:
    """Take none of the chosen documents in, however many; returns how many were under way. Raises ``NotAllowed``.

    In short transactions, each of which is whole: nobody waits for the last of 100,000 documents, and who asks again
    after one was broken off goes on with those that are left.
    """
    check_may_write(actor)
    readable = access_documents(actor).filter(pk__in=chosen.order_by().values("pk"))
    cancelled = forget_reprocessing(readable)
    keys = list(readable.filter(status__in=Document.UNDER_WAY).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), CANCELLED_AT_ONCE):
        cancelled += _cancel(keys[start : start + CANCELLED_AT_ONCE])
    return cancelled


@transaction.atomic
def _cancel(keys: Sequence[UUID]) -> int:
    """Those of them that are under way still, locked in the order of their keys, as everybody locks them."""
    rows = Document.objects.filter(pk__in=keys, status__in=Document.UNDER_WAY)
    locked = list(rows.select_for_update().order_by("pk").values_list("pk", flat=True))
    reason = IngestionCancelled()
    return Document.objects.filter(pk__in=locked).update(
        status=Document.Status.CANCELLED, error=reason.detail, error_code=reason.code, updated_at=timezone.now()
    )


def get_original(actor: Actor, document_id: UUID) -> OriginalFile:
    """What was handed in last, byte for byte. Raises ``NotFound``."""
    document = access_documents(actor).defer("text").filter(pk=document_id).first()
    original = Original.objects.filter(document=document_id).first() if document else None
    if document is None or original is None:
        raise NotFound("There is no such document.")
    content = bytes(original.content)
    if not content and document.origin == Document.Origin.URL:
        raise NothingStored
    return OriginalFile(_file_name(document), document.media_type, content)


def _file_name(document: Document) -> str:
    """The last part of where it came from, or its title, with an extension in any case; on one line, as a header is."""
    path = PurePosixPath(_in_one_line(document.source.partition("?")[0]))
    if path.suffix.lower() in MEDIA_TYPES:
        return path.name
    name = path.name or _in_one_line(document.title).replace("/", "_") or "document"
    return name[:150] + _EXTENSIONS.get(document.media_type, ".txt")


def _in_one_line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text).strip()


def _to_each(document_ids: Sequence[UUID], do: Callable[[UUID], object]) -> Sequence[Refused]:
    ids = list(dict.fromkeys(document_ids))
    if len(ids) > MOST_AT_ONCE:
        raise InvalidInput(f"At most {MOST_AT_ONCE} documents at once.", field="ids")
    refused = list[Refused]()
    for document_id in ids:
        try:
            do(document_id)
        except AtriumError as error:
            refused.append(Refused(document_id, error.code, error.detail))
    return refused
