"""Which document of a tenant is taken in next.

A tenant has a few slots, each with one job in the queue at the most: a job takes one document in, and then queues a
job for the next behind those of all other tenants. So 10,000 documents of one tenant hold up another's single one for
as long as one document takes; and the queue itself stays short. Where no other job waits, it goes on with the next
document itself for a while: a job costs as much as a chunk's way into the index takes three times.

All of it happens under a lock on the tenant's slots, in the transaction that stores or ends the work. A slot that
nobody works at any more, because its job was lost, is found when the next document comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from rag.models import Document, IngestionSlot, Reprocessing
from rag.models.document import not_deleted
from tenants.context import public_context


def start_waiting() -> None:
    """Give waiting documents to idle slots. In the transaction that has queued a document, after it has."""
    slots = _locked_slots()
    lost = _lost([slot.job_id for slot in slots if slot.job_id is not None])
    for slot in slots:
        is_lost = slot.job_id in lost
        if slot.job_id is not None and not is_lost:
            continue
        again = slot.document if is_lost and _is_wanted(slot.document) else None
        document = again or _next_waiting(slots)
        if document is not None or is_lost:
            _give(slot, document)


def is_turn(number: int, turn: int) -> bool:
    """Whether the slot is still at this turn: its job is to do the work."""
    return IngestionSlot.objects.filter(number=number, turn=turn, job_id__isnull=False).exists()


def document_in(number: int) -> UUID | None:
    """The slot's document; None where it was deleted meanwhile."""
    return IngestionSlot.objects.values_list("document", flat=True).get(number=number)


def next_document(number: int, turn: int, done: UUID | None, may_go_on: bool) -> UUID | None:
    """``done`` is done with. The next document that waits, if the same job is to take it in; else None, and the slot
    has a job for the next one, or is idle.

    The job goes on where it may, and nobody else's job waits. It is the same turn: should its worker die, the job is
    run again, and finds in the slot what it was at.
    """
    with transaction.atomic():
        slots = _locked_slots()
        slot = next((each for each in slots if (each.number, each.turn) == (number, turn)), None)
        if slot is None or slot.document_id not in (done, None):
            return None  # it was taken over
        slot.document = None
        document = None if number >= settings.ATRIUM_DOCUMENTS_AT_ONCE else _next_waiting(slots)
        if document is None or not may_go_on or _others_wait():
            _give(slot, document)
            return None
        slot.document = document
        slot.save(update_fields=["document"])
    return document.pk


def _locked_slots() -> Sequence[IngestionSlot]:
    """The tenant's slots, locked until the transaction ends."""
    wanted = max(1, settings.ATRIUM_DOCUMENTS_AT_ONCE)
    locked = IngestionSlot.objects.select_for_update()
    slots = list(locked.order_by("number"))
    if len(slots) < wanted:
        IngestionSlot.objects.bulk_create([IngestionSlot(number=n) for n in range(wanted)], ignore_conflicts=True)
        slots = list(locked.order_by("number"))
    return slots


def _give(slot: IngestionSlot, document: Document | None) -> None:
    """Queue a job for the document. Without one the slot is idle."""
    from rag.tasks import ingest_document  # which needs this module

    slot.document, slot.turn = document, slot.turn + 1
    slot.job_id = None
    if document is not None:
        slot.job_id = ingest_document.defer(document_id=str(document.pk), slot=slot.number, turn=slot.turn)
    slot.save()


def _next_waiting(slots: Sequence[IngestionSlot]) -> Document | None:
    """The document that waits longest and is in no slot: of those that were handed in, then of those that are to be
    taken in anew."""
    taken: list[UUID] = [slot.document_id for slot in slots if slot.document_id is not None]
    waiting = not_deleted(Document.objects.filter(status=Document.Status.QUEUED).exclude(pk__in=taken))
    return waiting.only("pk").order_by("queued_at", "pk").first() or _next_anew(taken)


def _next_anew(taken: Sequence[UUID]) -> Document | None:
    """In two steps, each by a key: joined, the planner might read both tables for each document."""
    asked = Reprocessing.objects.exclude(pk__in=taken).order_by("pk")
    while (key := asked.values_list("pk", flat=True).first()) is not None:
        document = not_deleted(Document.objects.filter(pk=key)).only("pk").first()
        if document is not None:
            return document
        Reprocessing.objects.filter(pk=key).delete()  # it was deleted while it was written down
    return None


def _others_wait() -> bool:
    """Whether a job waits to be run, of any tenant and kind."""
    with public_context(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM procrastinate_jobs"
            " WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now()))"
        )
        return bool(cursor.fetchone()[0])


def _is_wanted(document: Document | None) -> bool:
    if document is None:
        return False
    return document.status in Document.UNDER_WAY or Reprocessing.objects.filter(document=document).exists()


def _lost(job_ids: Sequence[int]) -> set[int]:
    """Those of the jobs that the queue has no more, or has given up."""
    if not job_ids:
        return set()
    with public_context(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM procrastinate_jobs WHERE id = ANY(%s) AND status IN ('todo', 'doing')", [list(job_ids)]
        )
        return set(job_ids) - {row[0] for row in cursor.fetchall()}
