"""Make a stored document searchable: fetch, extract, split, embed, index. The job's body; it may run twice."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError, models
from django.db.models import F
from django.utils import timezone

from rag.exceptions import EmbeddingRefused, EmbeddingUnavailable, ReadingInterrupted
from rag.extraction.extractor import get_extractor
from rag.extraction.protocol import Request
from rag.ingest import queue
from rag.ingest.embed import OFFLINE_MODEL, get_embedder
from rag.ingest.follow_up import follow_up
from rag.ingest.index import PreparedDocument, searchable_text, write_index
from rag.ingest.known_vectors import embed_chunks
from rag.models import Document, Original
from rag.use_cases.fetch_original import fetch_original
from rag.use_cases.reprocess import begin_anew
from tenants.budgets.errors import PlanLimit
from tenants.database import give_connections_back
from tenants.errors import AtriumError, InvalidInput
from tenants.network import FetchFailed

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 5  # at one document: by workers that died, or models that did not answer
GO_ON_FOR = 2.0  # seconds: a worker that is told to end waits no longer than that and a document
OUR_FAULT = "Something went wrong on our side. Try again, or ask for help."


@dataclass(frozen=True)
class _Material:
    """What ingestion needs of the rows, so that no connection is held while it works."""

    document_id: UUID
    version: int
    queued_at: datetime
    attempts: int
    address: str
    request: Request
    given_title: str
    embedding_model: str


def ingest_in_slot(slot: int, turn: int) -> None:
    """Take the slot's document in, and let the tenant's next one begin: in this job for ``GO_ON_FOR`` seconds, as long
    as nobody else's waits.

    Does nothing for a turn that is over: the job was run twice. Raises ``EmbeddingUnavailable`` for the queue to try
    again, unless it was tried often enough; and whatever nobody foresaw, for the log.
    """
    until = time.monotonic() + GO_ON_FOR
    if not queue.is_turn(slot, turn):
        return
    document_id = queue.document_in(slot)
    while True:
        begin_anew(document_id)
        begun_before = document_id is not None and _was_begun(document_id)  # then it may have to wait again: alone
        try:
            _ingest_once(document_id)
        except (EmbeddingUnavailable, OperationalError, InterfaceError):
            raise  # the model or the database was away: the queue tries again
        except Exception:
            queue.next_document(slot, turn, document_id, may_go_on=False)
            raise
        may_go_on = not begun_before and time.monotonic() < until
        document_id = queue.next_document(slot, turn, document_id, may_go_on)
        if document_id is None:
            return


def _was_begun(document_id: UUID) -> bool:
    return Document.objects.filter(pk=document_id, attempts__gt=0).exists()


def _ingest_once(document_id: UUID | None) -> None:
    """Unless it was deleted, or that was done: the worker died between the document's end and the turn's."""
    if document_id is None or Document.objects.filter(pk=document_id, status=Document.Status.READY).exists():
        return
    try:
        ingest_document(document_id)
    except EmbeddingUnavailable:
        if Document.objects.filter(pk=document_id, attempts__lt=MOST_ATTEMPTS).exists():
            raise


def ingest_document(document_id: UUID) -> None:
    """Bring the document to ``ready``, or to ``failed`` with a reason that a person understands.

    A document that is gone, was cancelled or got a newer version meanwhile is left alone: that version has a job of
    its own. Raises ``EmbeddingUnavailable``, and whatever nobody foresaw.
    """
    material = _take(document_id)
    if material is None:
        return
    try:
        if material.attempts > MOST_ATTEMPTS:
            raise ReadingInterrupted
        prepared = _prepare(material)
        if write_index(prepared):
            follow_up(prepared)
    except EmbeddingRefused as error:
        _fail(material, error)
    except EmbeddingUnavailable as error:
        _fail(material, error)
        raise
    except (InvalidInput, FetchFailed, PlanLimit) as error:
        _fail(material, error)
    except Exception:
        _fail(material, AtriumError(OUR_FAULT))
        raise


def _take(document_id: UUID) -> _Material | None:
    original = (
        Original.objects.select_related("document__collection")
        .defer("document__text")
        .filter(document=document_id)
        .exclude(document__status=Document.Status.CANCELLED)
        .exclude(document__collection__deleted_at__isnull=False)
        .first()
    )
    if original is None:
        log.info("a document was removed before it was taken in", extra={"document_id": str(document_id)})
        return None
    document, collection = original.document, original.document.collection
    material = _Material(
        document_id=document.pk,
        version=document.version,
        queued_at=document.queued_at,
        attempts=document.attempts + 1,
        address=document.source if document.origin == Document.Origin.URL else "",
        request=Request(
            content=bytes(original.content),
            name=document.source,
            told=document.media_type,
            target_tokens=collection.chunk_tokens,
            overlap_tokens=collection.overlap_tokens,
        ),
        given_title=original.title,
        embedding_model=collection.embedding_model,
    )
    _record(material, Document.Status.EXTRACTING, attempts=F("attempts") + 1)
    return material


def _prepare(material: _Material) -> PreparedDocument:
    """All but the writing. Others do the work (a process, a web server, a model): no connection is held meanwhile."""
    give_connections_back()
    request = material.request
    if material.address:
        request = fetch_original(material.document_id, material.queued_at, request)
    reading = get_extractor().extract(request)
    title = (material.given_title or reading.title)[:500]
    searchable = [searchable_text(title, draft) for draft in reading.drafts]
    embedder = get_embedder(material.embedding_model)
    if embedder.model != OFFLINE_MODEL:  # which is done before anybody has read that it works
        _record(material, Document.Status.EMBEDDING)
    give_connections_back()
    return PreparedDocument(
        document_id=material.document_id,
        version=material.version,
        queued_at=material.queued_at,
        title=title,
        reading=reading,
        searchable=searchable,
        model=embedder.model,
        vectors=embed_chunks(embedder, searchable),
    )


def _row_of(material: _Material) -> models.QuerySet[Document]:
    """The document's row, as long as this work is still what is asked for."""
    rows = Document.objects.filter(pk=material.document_id, version=material.version, queued_at=material.queued_at)
    return rows.exclude(status=Document.Status.CANCELLED)


def _record(material: _Material, status: Document.Status, **more: Any) -> None:
    """Write down how far this version is."""
    _row_of(material).update(status=status, error="", error_code="", updated_at=timezone.now(), **more)


def _fail(material: _Material, error: AtriumError) -> None:
    _row_of(material).update(
        status=Document.Status.FAILED, error=error.detail, error_code=error.code, updated_at=timezone.now()
    )
