"""The queue's worker ingests documents, each in the tenant that it belongs to, and each tenant's in turn."""

from __future__ import annotations

import pytest
from django.db import connection
from procrastinate.contrib.django import app

from rag.exceptions import IngestionCancelled
from rag.models import Chunk, Document, IngestionSlot
from rag.use_cases import documents
from rag.use_cases.add_document import add_document
from rag.use_cases.delete_document import delete_document
from rag.use_cases.documents import cancel_all, cancel_document, reprocess_document
from rag.use_cases.ingest_document import ingest_document, ingest_in_slot
from tenants.context import public_context, tenant_context
from tenants.database import in_database
from tests.integration.rag.conftest import Library, make_library


def fill(tenant, count: int = 1) -> Library:
    """A library with documents that wait."""
    library = make_library(tenant)
    for number in range(count):
        add_document(library.editor, library.collection.pk, f"# {tenant.host}\n\nText {number}.", source=f"{number}.md")
    return library


def queued_jobs() -> list[tuple[str, int, int]]:
    """Tenant, slot and turn of each job that waits in the queue, in the order in which they are taken."""
    with public_context(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT args->>'tenant_schema', (args->>'slot')::int, (args->>'turn')::int FROM procrastinate_jobs"
            " WHERE task_name = 'rag.ingest_document' AND status = 'todo' ORDER BY priority DESC, id"
        )
        return cursor.fetchall()


async def work() -> None:
    """Run a worker until the queue is empty: one job at a time, as in a deployment that is short of workers."""
    worker = app.with_connector(app.connector.get_worker_connector())
    async with worker.open_async():
        await worker.run_worker_async(
            wait=False, install_signal_handlers=False, queues=["documents"], concurrency=1, delete_jobs="successful"
        )


async def test_the_worker_makes_queued_documents_ready_in_their_tenants(acme, globex):
    def state() -> list[tuple[str, str]]:
        return list(Document.objects.values_list("status", "title"))

    for tenant in (acme, globex):
        with tenant_context(tenant.ref):
            await in_database(fill, tenant)
    await work()
    for tenant in (acme, globex):
        with tenant_context(tenant.ref):
            assert await in_database(state) == [("ready", tenant.host)]


async def test_many_documents_of_one_tenant_do_not_hold_up_anothers_one(acme, globex):
    await acme.run(lambda: fill(acme, 25))
    await globex.run(lambda: fill(globex))
    await work()
    [theirs] = await globex.run(lambda: list(Document.objects.values_list("status", "updated_at")))
    ours = await acme.run(lambda: list(Document.objects.order_by("updated_at").values_list("status", "updated_at")))
    assert {status for status, _ in (theirs, *ours)} == {"ready"}
    assert sum(ended < theirs[1] for _, ended in ours) <= 2  # as many as may be taken in at once


async def test_a_tenants_documents_are_taken_in_as_they_came(acme):
    await acme.run(lambda: fill(acme, 7))
    await work()
    ended = await acme.run(lambda: list(Document.objects.order_by("updated_at").values_list("source", flat=True)))
    assert ended == [f"{number}.md" for number in range(7)]
    assert await acme.run(lambda: list(IngestionSlot.objects.values_list("job_id", "document"))) == [(None, None)] * 2


def test_few_jobs_are_in_the_queue_however_many_documents_wait(acme):
    with tenant_context(acme.ref):
        fill(acme, 10)
        assert [slot for _, slot, _ in queued_jobs()] == [0, 1]


def test_a_document_that_a_dead_worker_has_begun_is_taken_in_once(library):
    document = add_document(library.editor, library.collection.pk, "# Pumps\n\nWater.", source="a.md")
    [(_, slot, turn)] = queued_jobs()
    Document.objects.update(status="embedding", attempts=1)  # as far as the dead worker came
    ingest_in_slot(slot, turn)
    ingest_in_slot(slot, turn)  # the dead worker was only slow, and comes to its end as well
    document.refresh_from_db()
    assert (document.status, document.attempts, Chunk.objects.count()) == ("ready", 2, 1)


def test_a_job_goes_on_with_the_next_documents_while_nobody_elses_waits(library, globex, monkeypatch):
    monkeypatch.setattr("rag.use_cases.ingest_document.GO_ON_FOR", 3600.0)  # however slow the machine is
    for number in range(4):
        add_document(library.editor, library.collection.pk, f"# Pumps\n\nWater {number}.", source=f"{number}.md")
    sources = "SELECT string_agg(source, ' ' ORDER BY source) FROM rag_document WHERE status = 'ready'"
    with public_context(), connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE status = 'todo'")  # two workers have them
    delete_document(library.editor, Document.objects.get(source="0.md").pk)
    ingest_in_slot(0, 1)  # without a document by now
    with connection.cursor() as cursor:
        cursor.execute(sources)
        assert cursor.fetchone() == ("2.md 3.md",)
    assert list(IngestionSlot.objects.order_by("number").values_list("document__source", "turn")) == [
        (None, 2),  # idle
        ("1.md", 1),  # of a worker that died, as a test can tell: whoever runs its job again finds it there
    ]
    with tenant_context(globex.ref):
        fill(globex)
    add_document(library.editor, library.collection.pk, "# Pumps\n\nOil.", source="oil.md")
    ingest_in_slot(1, 1)
    with connection.cursor() as cursor:
        cursor.execute(sources)
        assert cursor.fetchone() == ("1.md 2.md 3.md",)


def test_a_document_that_ends_each_worker_is_given_up_and_the_next_begins(library):
    first, _, third = (
        add_document(library.editor, library.collection.pk, f"Water {number}.", source=f"{number}.md")
        for number in range(3)
    )
    Document.objects.filter(pk=first.pk).update(status="extracting", attempts=5)
    ingest_in_slot(0, 1)
    first.refresh_from_db()
    assert (first.status, first.error_code) == ("failed", "reading_interrupted")
    assert IngestionSlot.objects.get(number=0).document_id == third.pk


def test_a_job_that_was_lost_is_made_good_when_the_next_document_comes(library):
    for number in range(2):
        add_document(library.editor, library.collection.pk, f"Water {number}.", source=f"{number}.md")
    with public_context(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    add_document(library.editor, library.collection.pk, "Oil.", source="oil.md")
    assert [(slot, turn) for _, slot, turn in queued_jobs()] == [(0, 2), (1, 2)]
    waiting = IngestionSlot.objects.values_list("document__source", flat=True)
    assert list(waiting) == ["0.md", "1.md"]


def test_a_cancelled_document_is_not_taken_in_and_its_older_version_answers(library):
    document = library.add("# Old\n\nTurbines hum.", "page.md")
    add_document(library.editor, library.collection.pk, "# New\n\nKettles boil.", source="page.md")
    cancel_document(library.editor, document.pk)
    ingest_document(document.pk)
    document.refresh_from_db()
    assert (document.status, document.error_code, document.indexed_version) == ("cancelled", "cancelled", 1)
    assert library.found("turbines") == ["Old"]
    reprocess_document(library.editor, document.pk)
    ingest_document(document.pk)
    assert library.found("kettles") == ["New"]


def test_very_many_documents_are_cancelled_in_short_pieces_that_are_kept(library, monkeypatch):
    for number in range(5):
        add_document(library.editor, library.collection.pk, f"Water {number}.", source=f"{number}.md")
    monkeypatch.setattr(documents, "CANCELLED_AT_ONCE", 2)
    reasons = iter([IngestionCancelled()])
    monkeypatch.setattr(documents, "IngestionCancelled", lambda: next(reasons))
    with pytest.raises(StopIteration):  # as if the database had gone away
        cancel_all(library.editor, Document.objects.all())
    assert sorted(Document.objects.values_list("status", flat=True)) == ["cancelled"] * 2 + ["queued"] * 3
    monkeypatch.setattr(documents, "IngestionCancelled", IngestionCancelled)
    assert cancel_all(library.editor, Document.objects.all()) == 3
    assert set(Document.objects.values_list("status", "error_code")) == {("cancelled", "cancelled")}


def test_a_document_that_is_cancelled_while_it_is_read_is_not_written(library, monkeypatch):
    from rag.use_cases import ingest_document as ingestion

    step = ingestion.searchable_text

    def cancelled_meanwhile(title, draft):
        cancel_document(library.editor, Document.objects.get().pk)
        return step(title, draft)

    monkeypatch.setattr(ingestion, "searchable_text", cancelled_meanwhile)
    document = library.add("# Pumps\n\nWater.", "a.md")
    assert (document.status, document.chunk_count, Chunk.objects.count()) == ("cancelled", 0, 0)
