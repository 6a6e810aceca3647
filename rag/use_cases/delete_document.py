"""Remove a document with all that was made of it."""

from __future__ import annotations

from uuid import UUID

from django.db import connection, transaction

from rag.access import access_document_to_write
from rag.ingest.index import remove_from_index
from tenants.actors import Actor
from tenants.audit import record, snapshot

# By SQL: Django would load each row, the original's bytes too, to cascade in Python.
_ROWS = (
    "DELETE FROM rag_original WHERE document_id = %s",
    "DELETE FROM rag_reprocessing WHERE document_id = %s",
    "UPDATE rag_ingestionslot SET document_id = NULL WHERE document_id = %s",
    "DELETE FROM rag_document WHERE id = %s",
)


def delete_document(actor: Actor, document_id: UUID) -> None:
    """Delete the document, its original, its chunks and their place in the indexes.

    Raises ``NotFound`` and ``NotAllowed``.
    """
    document = access_document_to_write(actor, document_id)
    with transaction.atomic():
        record("document.deleted", document, before=snapshot(document), by=actor)
        remove_from_index(document)
        with connection.cursor() as cursor:
            for statement in _ROWS:
                cursor.execute(statement, [document.pk])
