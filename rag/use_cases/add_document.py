"""Take in a document, or a new version of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from rag.access import access_collection_to_write, access_document_to_write
from rag.ingest.encodings import clean
from rag.ingest.kinds import check_beginning, guess_media_type
from rag.ingest.parse import title_from
from rag.ingest.queue import start_waiting
from rag.models import Collection, Document, Original
from rag.use_cases.room import LARGEST_DOCUMENT, check_room, check_size
from tenants.actors import Actor
from tenants.errors import Conflict, InvalidInput
from tenants.network import default_guard

__all__ = ["LARGEST_DOCUMENT", "add_address", "add_document", "replace_document"]

_LONGEST_SOURCE, _LONGEST_TITLE = 1000, 500  # characters


@dataclass(frozen=True)
class _Given:
    """What was handed in."""

    origin: Document.Origin
    raw: bytes
    source: str
    title: str
    media_type: str
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 in hexadecimal digits; empty for an address, of which nobody knows yet what is there."""
        return "" if self.origin == Document.Origin.URL else hashlib.sha256(self.raw).hexdigest()


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
    of the first, and one with the same content is left as it is. What kind of file it is, its bytes tell;
    ``media_type`` and ``source`` only help to tell one kind of text from another.

    Raises ``NotFound``, ``NotAllowed``, ``TooLarge``, ``InvalidInput`` and ``UnsupportedType``; ``PlanLimit`` where
    the plan holds no more.
    """
    collection = access_collection_to_write(actor, collection_id)
    given = _given(content, source, title, media_type, metadata)
    with transaction.atomic():
        return _store(collection, _earlier_version(collection, given.source), given)


def add_address(
    actor: Actor, collection_id: UUID, url: str, *, title: str = "", metadata: dict[str, Any] | None = None
) -> Document:
    """Store that what is at ``url`` is to be taken in; the job fetches it. The same address again: fetch it anew.

    Raises ``UrlInvalid`` and ``AddressRefused``, and what ``add_document`` raises.
    """
    collection = access_collection_to_write(actor, collection_id)
    address = str(default_guard().check_url(url))
    given = _Given(
        Document.Origin.URL, b"", _checked_source(address), _plain(title), guess_media_type(address), metadata or {}
    )
    with transaction.atomic():
        return _store(collection, _earlier_version(collection, given.source), given)


def replace_document(
    actor: Actor, document_id: UUID, content: bytes, *, source: str = "", title: str = "", media_type: str = ""
) -> Document:
    """A new version of a document, under its id, whatever the file is called. The old one answers until it is ready.

    Raises what ``add_document`` raises; ``Conflict`` where another document has this source.
    """
    document = access_document_to_write(actor, document_id)
    given = _given(content, source or document.source, title, media_type, document.metadata)
    with transaction.atomic():
        Collection.objects.select_for_update().get(pk=document.collection_id)
        locked = Document.objects.select_for_update(of=("self",)).select_related("original", "collection")
        document = locked.defer("text", "original__content").get(pk=document.pk)
        twins = Document.objects.filter(collection=document.collection_id, source=given.source).exclude(source="")
        if twins.exclude(pk=document.pk).exists():
            raise Conflict(f"Another document of the collection comes from {given.source}.", code="source_exists")
        document.source = given.source
        return _store(document.collection, document, given)


def _given(content: str | bytes, source: str, title: str, media_type: str, metadata: dict[str, Any] | None) -> _Given:
    """What was handed in, checked as far as a look at it can tell."""
    raw = content.encode("utf-8", errors="replace") if isinstance(content, str) else content
    check_size(len(raw))
    check_beginning(raw)
    origin = Document.Origin.TEXT if isinstance(content, str) else Document.Origin.UPLOAD
    source = _checked_source(source)
    return _Given(origin, raw, source, _plain(title), guess_media_type(source, media_type), metadata or {})


def _checked_source(source: str) -> str:
    source = clean(source).strip()
    if len(source) > _LONGEST_SOURCE:
        raise InvalidInput(f"A source has at most {_LONGEST_SOURCE:,} characters.", field="source")
    return source


def _plain(title: str) -> str:
    return clean(title).strip()[:_LONGEST_TITLE]


def _store(collection: Collection, document: Document | None, given: _Given) -> Document:
    """The document's row with its original, and the job that takes it in, if there is anything new."""
    if document is None:
        document = Document(collection=collection, source=given.source, title=given.title or title_from(given.source))
    elif _is_the_same(document, given):
        document.metadata = given.metadata
        if document.status in (Document.Status.FAILED, Document.Status.CANCELLED):
            queue(document)  # adding it again is how a person tries again
        document.save()
        start_waiting()
        return document
    else:
        document.version += 1
    check_room(document, len(given.raw))
    document.origin, document.metadata = given.origin, given.metadata
    document.media_type, document.sha256, document.size = given.media_type, given.digest, len(given.raw)
    queue(document)
    document.save()
    original = {"title": given.title, "content": given.raw}
    Original.objects.update_or_create(document=document, defaults=original)
    start_waiting()
    return document


def queue(document: Document) -> None:
    """Note on the row, which is saved and followed by ``start_waiting``, that the document is to be taken in."""
    document.status, document.error, document.error_code = Document.Status.QUEUED, "", ""
    document.queued_at, document.attempts = timezone.now(), 0


def _is_the_same(document: Document, given: _Given) -> bool:
    known = (document.sha256, document.media_type, document.original.title)
    if given.origin == Document.Origin.URL or known[0] != given.digest or known[2] != given.title:
        return False
    return known[1] == given.media_type or document.status == Document.Status.READY


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
