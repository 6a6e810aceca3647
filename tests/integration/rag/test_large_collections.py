"""What is done with a whole collection does not wait for each of its documents."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from rag.access import access_chunk
from rag.models import (
    Chunk,
    Collection,
    Document,
    DocumentWords,
    Embedding,
    IngestionSlot,
    LexicalIndex,
    Original,
    Postings,
    Reprocessing,
    Word,
)
from rag.use_cases import remove_collection as removing
from rag.use_cases.add_document import add_document
from rag.use_cases.collections import delete_collection, reprocess_collection
from rag.use_cases.create_collection import create_collection
from rag.use_cases.documents import cancel_document, reprocess_document
from rag.use_cases.get_cited_passage import Place, get_cited_passage
from rag.use_cases.ingest_document import ingest_document, ingest_in_slot
from rag.use_cases.lists import DocumentFilter, collection_figures, get_document, list_documents
from rag.use_cases.search import search
from tenants.errors import NotFound
from tests.integration.rag.conftest import Library


def fill(library: Library, count: int) -> list[Document]:
    """So many documents that are ready; no job is left of them."""
    documents = [library.add(f"# Page {number}\n\nKettles boil {number}.", f"{number}.md") for number in range(count)]
    IngestionSlot.objects.update(document=None, job_id=None)
    return documents


def test_a_deleted_collection_is_away_at_once(library):
    document, waiting = fill(library, 2)
    reprocess_document(library.editor, waiting.pk)
    chunk = Chunk.objects.filter(document=document).get()
    delete_collection(library.editor, library.collection.pk)
    for asked in (
        lambda: delete_collection(library.editor, library.collection.pk),
        lambda: get_document(library.editor, document.pk),
        lambda: access_chunk(library.editor, chunk.pk),
        lambda: library.found("kettles"),
        lambda: get_cited_passage(library.editor, Place(document.pk, 1, 0, 5)),
    ):
        with pytest.raises(NotFound):
            asked()
    assert search(library.editor, "kettles") == []
    assert list_documents(library.editor, DocumentFilter(), limit=10).rows == []
    ingest_document(waiting.pk)  # its job was in the queue
    assert Document.objects.get(pk=waiting.pk).status == "queued"
    anew = create_collection(library.editor, library.collection.name)
    assert list(Collection.objects.all()) == [anew]


def test_a_job_leaves_nothing_of_a_deleted_collection_however_often_it_is_broken_off(library, monkeypatch):
    fill(library, 3)
    kept = create_collection(library.editor, "Other")
    add_document(library.editor, kept.pk, "# Other\n\nKettles boil.", source="other.md")
    ingest_document(Document.objects.get(source="other.md").pk)
    delete_collection(library.editor, library.collection.pk)
    monkeypatch.setattr(removing, "GO_ON_FOR", -1.0)  # a piece a job, as if its worker were killed after each
    monkeypatch.setattr(removing, "DOCUMENTS_AT_ONCE", 2)
    monkeypatch.setattr(removing, "WORDS_AT_ONCE", 2)
    jobs = 1
    while not removing.remove_collection(library.collection.pk):
        jobs += 1
    assert jobs >= 4
    assert list(Collection.with_deleted.all()) == [kept]
    for model in (Document, Original, Chunk, Embedding, DocumentWords, LexicalIndex):
        assert model.objects.count() == 1
    assert not Postings.objects.exists()
    assert set(Word.objects.values_list("lexical_index__collection", flat=True)) == {kept.pk}
    assert [hit.title for hit in search(library.editor, "kettles")] == ["Other"]


def test_a_collection_that_nobody_has_deleted_is_not_taken_away(library):
    fill(library, 1)
    assert removing.remove_collection(library.collection.pk)
    assert library.found("kettles") == ["Page 0"]


def test_whoever_deletes_a_collection_takes_up_one_whose_job_was_lost(library):
    other = create_collection(library.editor, "Other")
    delete_collection(library.editor, other.pk)
    assert removing.left_to_remove(library.collection.pk) == []
    Collection.with_deleted.filter(pk=other.pk).update(deleted_at=timezone.now() - timedelta(days=1))
    assert removing.left_to_remove(library.collection.pk) == [other.pk]


def test_very_many_documents_are_taken_in_anew_in_their_turn(library, monkeypatch):
    monkeypatch.setattr("rag.use_cases.reprocess.FEW", 2)
    documents = fill(library, 4)
    assert reprocess_collection(library.editor, library.collection.pk) == 4
    assert reprocess_collection(library.editor, library.collection.pk) == 4  # asked twice, done once
    assert collection_figures(library.editor, library.collection.pk).by_status["queued"] == 4
    assert len(library.found("kettles")) == 4  # what is there answers meanwhile
    cancelled = cancel_document(library.editor, documents[3].pk)
    assert (cancelled.status, Reprocessing.objects.count()) == ("ready", 3)
    late = add_document(library.editor, library.collection.pk, "# Late\n\nHanded in.", source="late.md")
    before = dict(Document.objects.values_list("pk", "queued_at"))
    turns = []
    while (slot := IngestionSlot.objects.filter(job_id__isnull=False).order_by("turn", "number").first()) is not None:
        turns.append(slot.document_id)
        ingest_in_slot(slot.number, slot.turn)
    first, second, third, _ = (document.pk for document in documents)
    assert turns == [first, second, late.pk, third]  # what is handed in goes before what still waits
    asked_anew = {pk for pk, at in Document.objects.values_list("pk", "queued_at") if at != before[pk]}
    assert asked_anew == {first, second, third}
    assert not Reprocessing.objects.exists()
    assert set(Document.objects.values_list("status", flat=True)) == {"ready"}
