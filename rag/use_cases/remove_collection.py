"""Take the rows of a deleted collection away. The job's body; it may be broken off and run again at any point."""

from __future__ import annotations

import time
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from rag.models import Collection, Document, LexicalIndex

GO_ON_FOR = 2.0  # seconds of one job: then those of others have their turn
DOCUMENTS_AT_ONCE = 200
WORDS_AT_ONCE = 20_000
_LOST_AFTER = timedelta(hours=1)

# By SQL: Django would load each of them, the originals too. In this order: the later are what the earlier hang on.
_OF_DOCUMENTS = (
    "DELETE FROM rag_documentwords WHERE document_id = ANY(%s)",
    "DELETE FROM rag_embedding WHERE document_id = ANY(%s)",
    "DELETE FROM rag_chunk WHERE document_id = ANY(%s)",
    "DELETE FROM rag_original WHERE document_id = ANY(%s)",
    "UPDATE rag_ingestionslot SET document_id = NULL WHERE document_id = ANY(%s)",
    "DELETE FROM rag_document WHERE id = ANY(%s)",
)
_NOT_ANEW = "DELETE FROM rag_reprocessing USING rag_document AS its WHERE document_id = its.id AND collection_id = %s"
_WORDS = """
WITH gone AS MATERIALIZED (SELECT id FROM rag_word WHERE lexical_index_id = %s LIMIT %s),
runs AS (DELETE FROM rag_postings USING gone WHERE word_id = gone.id)
DELETE FROM rag_word USING gone WHERE rag_word.id = gone.id
"""


def left_to_remove(collection_id: UUID) -> list[UUID]:
    """The deleted collection, and those that were deleted long ago and are still there: their jobs were lost."""
    lost = Q(deleted_at__lt=timezone.now() - _LOST_AFTER)
    deleted = Collection.with_deleted.filter(deleted_at__isnull=False)
    return list(deleted.filter(Q(pk=collection_id) | lost).values_list("pk", flat=True))


def remove_collection(collection_id: UUID) -> bool:
    """Take away what there is time for, in short transactions. False while something is left.

    Does nothing to a collection that nobody has deleted, and to one that is gone.
    """
    until = time.monotonic() + GO_ON_FOR
    while _remove_piece(collection_id):
        if time.monotonic() > until:
            return False
    return True


def _remove_piece(collection_id: UUID) -> bool:
    """Whether something may be left. Documents, then words, then the collection."""
    with transaction.atomic():
        collection = Collection.with_deleted.filter(pk=collection_id, deleted_at__isnull=False).first()
        if collection is None:
            return False
        if _remove_documents(collection) or _remove_words(collection):
            return True
        collection.delete()
    return False


def _remove_documents(collection: Collection) -> bool:
    # Locked in the order in which everybody locks them. Who is writing one of them has not seen yet that it goes.
    rows = Document.objects.select_for_update().filter(collection=collection).order_by("pk")
    keys = list(rows.values_list("pk", flat=True)[:DOCUMENTS_AT_ONCE])
    with connection.cursor() as cursor:
        cursor.execute(_NOT_ANEW, [collection.pk])
        for statement in _OF_DOCUMENTS if keys else ():
            cursor.execute(statement, [keys])
    return bool(keys)


def _remove_words(collection: Collection) -> bool:
    removed = 0
    with connection.cursor() as cursor:
        for index in LexicalIndex.objects.filter(collection=collection).values_list("pk", flat=True):
            cursor.execute(_WORDS, [index, WORDS_AT_ONCE])
            removed += cursor.rowcount
    return removed > 0
