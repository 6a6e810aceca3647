"""Take documents in anew, however many they are."""

from __future__ import annotations

from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from rag.access import access_documents, check_may_write
from rag.ingest.queue import start_waiting
from rag.models import Document, Reprocessing
from rag.use_cases.add_document import queue
from tenants.actors import Actor

FEW = 500  # documents that are queued by their own rows, so that each shows at once that it waits

_ASK = """
INSERT INTO rag_reprocessing (document_id, asked_at) SELECT id, clock_timestamp() FROM ({chosen}) AS chosen (id)
ON CONFLICT (document_id) DO UPDATE SET asked_at = excluded.asked_at
"""

_FORGET = """
WITH forgotten AS (DELETE FROM rag_reprocessing WHERE document_id IN ({chosen}) RETURNING document_id)
SELECT count(*) FROM forgotten JOIN rag_document AS document ON document.id = document_id
WHERE document.status <> ALL(%s)
"""


def reprocess_all(actor: Actor, chosen: QuerySet[Document]) -> int:
    """Take all of the chosen documents in anew that the actor may read, however many; returns how many.

    Up to ``FEW`` are queued at once. More are written down in one statement, and queued one by one as their turn comes,
    after what is handed in meanwhile. Asking again while they wait changes nothing. Raises ``NotAllowed``.
    """
    check_may_write(actor)
    readable = access_documents(actor).filter(pk__in=chosen.order_by().values("pk"))
    with transaction.atomic():
        keys = list(readable.order_by("pk").values_list("pk", flat=True)[: FEW + 1])
        count = len(keys) if _queue_few(keys) else _ask_for(readable)
        start_waiting()
    return count


def begin_anew(document_id: UUID | None) -> None:
    """The document's turn has come: queue it, if it is to be taken in anew and was not since."""
    if document_id is None or not Reprocessing.objects.filter(document=document_id).exists():
        return
    with transaction.atomic():
        document = Document.objects.select_for_update().defer("text").filter(pk=document_id).first()
        asked = Reprocessing.objects.filter(document=document_id).first()
        if document is None or asked is None:
            return
        if document.queued_at <= asked.asked_at:
            queue(document)
            document.save(update_fields=["status", "error", "error_code", "queued_at", "attempts", "updated_at"])
        asked.delete()


def forget_reprocessing(documents: QuerySet[Document]) -> int:
    """Take none of them in anew after all. Returns how many that concerns, without those that are under way as well."""
    chosen, parameters = documents.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_FORGET.format(chosen=chosen), [*parameters, [status.value for status in Document.UNDER_WAY]])
        return int(cursor.fetchone()[0])


def _queue_few(keys: list[UUID]) -> bool:
    """False for too many. Locked in the order of their keys, as everybody locks them."""
    if len(keys) > FEW:
        return False
    rows = Document.objects.filter(pk__in=keys)
    list(rows.select_for_update().order_by("pk").values_list("pk"))
    anew = {"status": Document.Status.QUEUED, "error": "", "error_code": "", "attempts": 0}
    now = timezone.now()
    rows.update(**anew, queued_at=now, updated_at=now)
    return True


def _ask_for(documents: QuerySet[Document]) -> int:
    chosen, parameters = documents.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_ASK.format(chosen=chosen), parameters)
        return cursor.rowcount
