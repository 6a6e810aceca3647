"""Make a stored document searchable: parse, split, embed, index. The job's body; it may run twice."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from rag.exceptions import EmbeddingUnavailable, UnreadableDocument
from rag.ingest.embed import get_embedder
from rag.ingest.index import PreparedDocument, searchable_text, write_index
from rag.ingest.parse import parse
from rag.ingest.split import split
from rag.models import Document, Original
from tenants.database import give_connections_back

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Material:
    """What ingestion needs of the rows, so that no connection is held while it works."""

    document_id: UUID
    version: int
    media_type: str
    source: str
    given_title: str
    content: bytes
    embedding_model: str


def ingest_document(document_id: UUID) -> None:
    """Bring the document to ``ready``, or to ``failed`` with a reason that a person understands.

    A document that is gone, or that got a newer version meanwhile, is left alone: that version has a job of
    its own. Raises ``EmbeddingUnavailable`` for the queue to try again, and whatever nobody foresaw, for the
    log.
    """
    material = _take(document_id)
    if material is None:
        return
    try:
        write_index(_prepare(material))
    except UnreadableDocument as error:
        _record(material, Document.Status.FAILED, error.detail)
    except EmbeddingUnavailable as error:
        _record(material, Document.Status.FAILED, error.detail)
        raise
    except Exception:
        _record(material, Document.Status.FAILED, "Something went wrong on our side. Try again, or ask for help.")
        raise


def _take(document_id: UUID) -> _Material | None:
    original = (
        Original.objects.select_related("document__collection")
        .defer("document__text")
        .filter(document=document_id)
        .first()
    )
    if original is None:
        log.info("a document was removed before it was taken in", extra={"document_id": str(document_id)})
        return None
    document = original.document
    material = _Material(
        document_id=document.pk,
        version=document.version,
        media_type=document.media_type,
        source=document.source,
        given_title=original.title,
        content=bytes(original.content),
        embedding_model=document.collection.embedding_model,
    )
    _record(material, Document.Status.EXTRACTING)
    return material


def _prepare(material: _Material) -> PreparedDocument:
    """All but the writing. The model may be far away, so the connection is given back before."""
    parsed = parse(material.content, material.media_type, material.source)
    title = (material.given_title or parsed.title)[:500]
    drafts = split(parsed)
    searchable = [searchable_text(title, draft) for draft in drafts]
    _record(material, Document.Status.EMBEDDING)
    give_connections_back()
    embedder = get_embedder(material.embedding_model)
    return PreparedDocument(
        document_id=material.document_id,
        version=material.version,
        title=title,
        parsed=parsed,
        drafts=drafts,
        searchable=searchable,
        model=embedder.model,
        vectors=embedder.embed_documents(searchable),
    )


def _record(material: _Material, status: Document.Status, error: str = "") -> None:
    """Write down how far this version is. The row of a newer version is not touched."""
    Document.objects.filter(pk=material.document_id, version=material.version).update(
        status=status, error=error, updated_at=timezone.now()
    )
