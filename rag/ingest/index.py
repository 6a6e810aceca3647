"""Chunks, vectors and postings of one document to the database, all or nothing.

Indexing a document again replaces what was there, so a job may run twice. Embedding is done before and
elsewhere: a transaction must not wait for a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from rag.extraction.protocol import Reading
from rag.ingest.embed import Vectors
from rag.ingest.postings import lock_lexical_index, remove_postings, write_chunks
from rag.ingest.split import ChunkDraft
from rag.ingest.vector_rows import write_vectors
from rag.models import Chunk, Collection, Document, LexicalIndex

_COUNTED = ("chunk_count", "total_length")
_WRITTEN = (
    *("text", "title", "media_type", "page_count", "chunk_count", "indexed_version"),
    *("status", "error", "error_code", "updated_at"),
)
_REMOVE_EMBEDDINGS = "DELETE FROM rag_embedding WHERE document_id = %s"


@dataclass(frozen=True)
class PreparedDocument:
    """All that is to be written for one version of a document.

    ``searchable[i]`` is the text that ``vectors[i]`` was made of and whose words are indexed for
    ``reading.drafts[i]``. ``queued_at`` is when this work was asked for.
    """

    document_id: UUID
    version: int
    queued_at: datetime
    title: str
    reading: Reading
    searchable: Sequence[str]
    model: str
    vectors: Vectors


def searchable_text(title: str, draft: ChunkDraft | Chunk) -> str:
    """What a chunk is found by: title, headings and names of columns as well, which its text often takes for granted.

    Each is left out where what follows repeats it: words that stand twice would count twice.
    """
    text = draft.text
    for above in (draft.table_header, draft.heading, title):
        if above and not text.startswith(above):
            text = f"{above}\n{text}"
    return text


def write_index(prepared: PreparedDocument) -> bool:
    """Replace the document's chunks by these. False when it or its collection is gone, and when
    it was cancelled or is to be read anew by now.

    The lock on the collection's lexical index makes it one writer a collection at a time, from the removal of the old
    chunks to the commit; writers of other collections do not wait. Most of that time goes into the HNSW index, which
    itself would take several writers. But it cannot be had outside of the lock:

    - a vector names its chunk, and chunks get their keys under the lock: postings are packed in the order of keys, each
      writer's behind those of all before it. Keys that were taken earlier could come behind greater ones;
    - nor afterwards: between two transactions a document would be found by its words alone, or, where it replaces a
      version, by vectors of chunks that are gone;
    - nor before, under keys that are put right later: an UPDATE of a vector's row is a second way into the index.

    So the lock is held as short as it can be (all that is slow and needs no key is done before), and collections are
    written side by side.
    """
    with transaction.atomic():
        document = Document.objects.select_for_update().defer("text").filter(pk=prepared.document_id).first()
        if document is None or document.status == Document.Status.CANCELLED:
            return False
        if (document.version, document.queued_at) != (prepared.version, prepared.queued_at):
            return False
        index = lock_lexical_index(document.collection_id)
        if Collection.with_deleted.filter(pk=document.collection_id, deleted_at__isnull=False).exists():
            return False
        if document.indexed_version or document.chunk_count:
            _remove(document, index)
        keys = write_chunks(index, document.pk, prepared.reading.drafts, prepared.searchable)
        write_vectors(document, keys, prepared.model, prepared.vectors)
        index.save(update_fields=_COUNTED)
        document.text = prepared.reading.text
        document.title = prepared.title
        document.media_type = prepared.reading.media_type
        document.page_count = prepared.reading.page_count
        document.chunk_count = len(keys)
        document.indexed_version = prepared.version
        document.status, document.error, document.error_code = Document.Status.READY, "", ""
        document.save(update_fields=_WRITTEN)
    return True


def remove_from_index(document: Document) -> None:
    """Take a document's chunks, vectors and postings out, and correct the collection's statistics."""
    with transaction.atomic():
        Document.objects.select_for_update().only("pk").filter(pk=document.pk).first()
        index = lock_lexical_index(document.collection_id)
        _remove(document, index)
        index.save(update_fields=_COUNTED)


def _remove(document: Document, index: LexicalIndex) -> None:
    """Plain SQL: Django would load every chunk to cascade in Python."""
    remove_postings(index, document.pk)
    with connection.cursor() as cursor:
        cursor.execute(_REMOVE_EMBEDDINGS, [document.pk])
        cursor.execute("DELETE FROM rag_chunk WHERE document_id = %s", [document.pk])
