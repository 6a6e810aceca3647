"""Take in a document, or a new version of it."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Sum
from django.db.models.functions import Coalesce

from rag.access import access_collection_to_write
from rag.ingest.parse import clean, media_type_of, title_from
from rag.models import Collection, Document, Original
from rag.tasks import ingest_document
from tenants.actors import Actor
from tenants.budgets.plans import DOCUMENTS, check_room_for_documents, limits_documents, one_at_a_time
from tenants.errors import InvalidInput, TooLarge

LARGEST_DOCUMENT = 20 * 1024 * 1024  # bytes


def add_document(
    actor: Actor,
    collection_id: UUID,
    content: str | bytes,
    *,
    source: str = "",
    title: str = "",
    media_type: str = "",
    metadata: dict[str, Any] | None = None,
) -> Document:
    """Store a document and queue its ingestion, both or neither.

    ``source`` is a file name or path: a second document of the same source in the collection is a new version
    of the first, and one with the same content is left as it is. ``media_type`` is told by ``source`` if not
    given.

    Raises ``NotFound``, ``NotAllowed``, ``TooLarge``, ``InvalidInput`` and ``UnreadableDocument``; ``PlanLimit`` where
    the plan holds no more.
    """
    collection = access_collection_to_write(actor, collection_id)
    raw = content.encode("utf-8", errors="replace") if isinstance(content, str) else content
    source, title = clean(source).strip(), clean(title).strip()[:500]
    media_type = media_type or media_type_of(source)
    _check(raw, source)
    with transaction.atomic():
        document, is_new_content = _store(collection, raw, source, title, media_type, metadata or {})
        if is_new_content:
            ingest_document.defer(document_id=str(document.pk))
    return document


def _check(raw: bytes, source: str) -> None:
    if len(raw) > LARGEST_DOCUMENT:
        raise TooLarge(f"A document has at most {LARGEST_DOCUMENT // 1024**2} MB; this one has {len(raw):,} bytes.")
    if len(source) > 1000:
        raise InvalidInput("A source has at most 1,000 characters.", field="source")


def _store(
    collection: Collection, raw: bytes, source: str, title: str, media_type: str, metadata: dict[str, Any]
) -> tuple[Document, bool]:
    """The document's row with its original, and whether there is anything to ingest."""
    digest = hashlib.sha256(raw).hexdigest()
    _check_room(collection, source, len(raw))
    document = _earlier_version(collection, source)
    if document is None:
        document = Document(collection=collection, source=source, title=title or title_from(source))
    elif (document.sha256, document.media_type, document.original.title) == (digest, media_type, title):
        failed = document.status == Document.Status.FAILED  # adding it again is how a person tries again
        if failed:
            document.status, document.error = Document.Status.QUEUED, ""
        document.metadata = metadata
        document.save()
        return document, failed
    else:
        document.version += 1
    document.media_type, document.sha256, document.size = media_type, digest, len(raw)
    document.metadata = metadata
    document.status, document.error = Document.Status.QUEUED, ""
    document.save()
    Original.objects.update_or_create(document=document, defaults={"title": title, "content": raw})
    return document, True


def _check_room(collection: Collection, source: str, size: int) -> None:
    """Raises ``PlanLimit`` where the tenant's plan does not hold this document beside the others."""
    if not limits_documents():
        return
    one_at_a_time(DOCUMENTS)
    others = Document.objects.exclude(collection=collection, source=source) if source else Document.objects.all()
    count, stored = others.aggregate(count=Count("pk"), stored=Coalesce(Sum("size"), 0)).values()
    check_room_for_documents(others=count, stored=stored, added=size)


def _earlier_version(collection: Collection, source: str) -> Document | None:
    if not source:
        return None
    # The lock on the collection makes two first versions of one source wait for each other.
    Collection.objects.select_for_update().get(pk=collection.pk)
    return (
        Document.objects.select_for_update(of=("self",))
        .select_related("original")
        .defer("text", "original__content")
        .filter(collection=collection, source=source)
        .first()
    )
