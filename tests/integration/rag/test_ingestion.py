"""A document becomes chunks, vectors and postings, exactly once, or says why not."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from uuid import UUID

import pytest

from rag.exceptions import EmbeddingUnavailable
from rag.ingest import postings as postings_module
from rag.ingest.kinds import DOCX
from rag.models import Chunk, Document, DocumentWords, Embedding, LexicalIndex, Postings, Word
from rag.use_cases import ingest_document as ingestion
from rag.use_cases.add_document import add_document
from rag.use_cases.collections import change_collection
from rag.use_cases.delete_document import delete_document
from rag.use_cases.documents import reprocess_document
from rag.use_cases.ingest_document import ingest_document
from tenants.database import give_connections_back
from tests.integration.rag.conftest import Library, make_library, postings
from tests.office_files import docx

TEXT = "# Pumps\n\nA pump moves water.\n\n## Repair\n\nReplace the gasket of the pump, then the pump's seal.\n"
LONG = "# Essay\n\n" + " ".join(f"Sentence {number} is about subject {number % 17}." for number in range(300))


def contents(document: Document) -> list[tuple[int, str, str, int, int]]:
    """All that a reader can tell of a document's chunks."""
    fields = ("ordinal", "heading", "text", "start_offset", "end_offset")
    return list(Chunk.objects.filter(document=document).order_by("ordinal").values_list(*fields))


def words_by_place() -> list[tuple[UUID, int, str, int, int]]:
    """All that is kept of words, without the chunks' keys."""
    places = {chunk.pk: (chunk.document_id, chunk.ordinal) for chunk in Chunk.objects.all()}
    return sorted((*places[chunk], *facts) for chunk, *facts in postings())


def assert_statistics_are_true(library: Library) -> None:
    """What is kept incrementally is what a count from scratch gives."""
    index = LexicalIndex.objects.get(collection=library.collection)
    chunks = list(Chunk.objects.filter(collection=library.collection))
    assert index.chunk_count == len(chunks)
    assert index.total_length == sum(chunk.lexeme_count for chunk in chunks)
    found = postings()
    assert {(chunk, length) for chunk, _, _, length in found} <= {(chunk.pk, chunk.lexeme_count) for chunk in chunks}
    assert len(set(found)) == len(found)
    assert Embedding.objects.count() == len(chunks)
    assert all(row.document_id == row.chunk.document_id for row in Embedding.objects.select_related("chunk"))
    counted = Counter(lexeme for _, lexeme, _, _ in found)
    assert dict(Word.objects.filter(chunk_count__gt=0).values_list("lexeme", "chunk_count")) == counted
    assert_in_order()


def assert_in_order() -> None:
    """Runs do not overlap, and are in the order of their chunks: so is what a search may skip by."""
    for word in Word.objects.all():
        runs = list(Postings.objects.filter(word=word).order_by("first_chunk"))
        held = [posting for run in runs for posting in run.postings] + word.latest
        assert held == sorted(held)
        assert all(run.first_chunk <= run.postings[0] >> 24 for run in runs)


def test_a_document_is_ready_with_its_chunks(library):
    document = library.add(TEXT, "docs/pumps.md")
    assert (document.status, document.title, document.chunk_count) == ("ready", "Pumps", 2)
    assert [(heading, text) for _, heading, text, _, _ in contents(document)] == [
        ("Pumps", "A pump moves water."),
        ("Pumps > Repair", "Replace the gasket of the pump, then the pump's seal."),
    ]


def test_offsets_count_in_the_stored_text(library):
    document = library.add(LONG, "essay.md")
    assert document.chunk_count > 3
    for _, _, text, start, end in contents(document):
        assert document.text[start:end] == text


def test_every_chunk_has_a_vector_by_the_collections_model(library):
    library.add(TEXT, "pumps.md")
    assert list(Embedding.objects.values_list("model", "dimension")) == [("wordllama-256", 256)] * 2


def test_words_are_counted_in_the_collections_language(library):
    document = library.add("Pumping pumps pumped the water", "a.txt", title="x")
    assert {lexeme: frequency for _, lexeme, frequency, _ in postings()} == {"pump": 3, "water": 1, "x": 1}
    assert Chunk.objects.get(document=document).lexeme_count == 5
    everything = make_library(library.tenant, "Everything", language="simple").add(
        "the the water - -", "b.txt", title="x"
    )
    assert Chunk.objects.get(document=everything).lexeme_count == 4


def test_ingesting_again_changes_nothing(library):
    document = library.add(LONG, "essay.md")
    before = contents(document), words_by_place()
    ingest_document(document.pk)
    assert (contents(document), words_by_place()) == before
    assert_statistics_are_true(library)


def test_statistics_stay_true_through_adding_replacing_and_deleting(library):
    first = library.add(TEXT, "pumps.md")
    library.add(LONG, "essay.md")
    library.add("tiny", "tiny.txt")
    assert_statistics_are_true(library)
    library.add(TEXT + "\n## More\n\nOil the shaft.\n", "pumps.md")
    assert_statistics_are_true(library)
    delete_document(library.editor, Document.objects.get(source="essay.md").pk)
    assert_statistics_are_true(library)
    delete_document(library.editor, first.pk)
    delete_document(library.editor, Document.objects.get(source="tiny.txt").pk)
    assert_statistics_are_true(library)
    assert not postings()
    assert not DocumentWords.objects.exists()


def test_an_empty_document_fails_with_a_reason_and_does_no_harm(library):
    document = library.add(" \n", "empty.md")
    assert (document.status, document.error_code, document.chunk_count) == ("failed", "empty_document", 0)
    assert_statistics_are_true(library)


def test_a_document_of_nothing_but_stop_words_does_no_harm(library):
    document = library.add("the of and", "the.txt")
    assert (document.status, document.chunk_count) == ("ready", 1)
    assert library.found("gasket") == []


def test_a_new_version_replaces_the_old_and_keeps_its_id(library):
    first = library.add("# Old\n\nTurbines hum.", "page.md")
    second = library.add("# New\n\nKettles boil.", "page.md")
    assert second.pk == first.pk
    assert (second.version, second.title) == (2, "New")
    assert library.found("turbines") == []
    assert library.found("kettles") == ["New"]


def test_the_old_version_answers_until_the_new_one_is_ready(library):
    document = library.add("# Old\n\nTurbines hum.", "page.md")
    add_document(library.editor, library.collection.pk, "# New\n\nKettles boil.", source="page.md")
    document.refresh_from_db()
    assert (document.status, document.text) == ("queued", "# Old\n\nTurbines hum.")
    assert library.found("turbines") == ["Old"]


def test_a_failed_version_leaves_the_old_one_and_says_why(library, monkeypatch):
    document = library.add("# Old\n\nTurbines hum.", "page.md")

    def unreachable(model):
        raise EmbeddingUnavailable("The embedding model m does not answer.")

    monkeypatch.setattr(ingestion, "get_embedder", unreachable)
    with pytest.raises(EmbeddingUnavailable):
        library.add("# New\n\nKettles boil.", "page.md")
    document.refresh_from_db()
    assert (document.status, document.error) == ("failed", "The embedding model m does not answer.")
    assert library.found("turbines") == ["Old"]


def test_a_document_of_an_unknown_type_fails_with_a_reason(library):
    document = library.add(b"\x01\x02\x03\x04" * 50, "a.md")
    assert (document.status, document.error_code) == ("failed", "unsupported_type")
    assert "This file is not text" in document.error


def test_what_a_file_is_its_bytes_tell_and_not_its_name(library):
    document = library.add(docx("# Pumps", "A pump moves water."), "pumps.txt")
    assert (document.status, document.media_type) == ("ready", DOCX)
    assert [text for _, _, text, _, _ in contents(document)] == ["A pump moves water."]


def test_rows_of_a_table_know_their_columns(library):
    rows = "".join(f"P-{number},{number * 3} EUR,made of steel number {number}\n" for number in range(200))
    document = library.add(f"Part,Price,Remark\n{rows}".encode(), "parts.csv")
    chunks = list(Chunk.objects.filter(document=document))
    assert len(chunks) > 3
    for chunk in chunks:
        assert chunk.text.startswith("| P")
        assert chunk.text.endswith(" |")
        assert (chunk.table_header or chunk.text).startswith("| Part | Price | Remark |")
    words = {lexeme: frequency for chunk, lexeme, frequency, _ in postings() if chunk == chunks[-1].pk}
    assert words["price"] == words["remark"] == 1


def test_the_collection_says_how_long_passages_are(library):
    long_ones = library.add(LONG, "essay.md").chunk_count
    change_collection(library.editor, library.collection.pk, {"chunk_tokens": 60, "overlap_tokens": 0})
    document = reprocess_document(library.editor, Document.objects.get().pk)
    ingest_document(document.pk)
    document.refresh_from_db()
    assert document.chunk_count > 2 * long_ones
    assert max(Chunk.objects.values_list("token_count", flat=True)) <= 60
    assert_statistics_are_true(library)


def test_a_failure_that_nobody_foresaw_shows_no_secret_of_ours(library, monkeypatch):
    monkeypatch.setattr(ingestion, "searchable_text", lambda title, draft: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        library.add(TEXT, "pumps.md")
    document = Document.objects.get()
    assert document.status == "failed"
    assert "division" not in document.error


def test_a_job_that_comes_late_does_not_overwrite_a_newer_version(library, monkeypatch):
    document = library.add("# One\n\nTurbines.", "page.md")
    slow_step = ingestion.searchable_text

    def overtaken(title, draft):
        monkeypatch.setattr(ingestion, "searchable_text", slow_step)
        library.add("# Two\n\nKettles.", "page.md")
        return slow_step(title, draft)

    monkeypatch.setattr(ingestion, "searchable_text", overtaken)
    ingest_document(document.pk)
    document.refresh_from_db()
    assert (document.title, document.status, document.version) == ("Two", "ready", 2)
    assert library.found("turbines") == []


def test_a_document_that_was_deleted_before_its_job_ran_is_let_be(library):
    document = add_document(library.editor, library.collection.pk, TEXT, source="pumps.md")
    delete_document(library.editor, document.pk)
    ingest_document(document.pk)
    assert not Chunk.objects.exists()


def test_many_jobs_at_once_leave_each_document_once(library):
    documents = [
        add_document(library.editor, library.collection.pk, f"{LONG} Only {number}.", source=f"{number}.md")
        for number in range(6)
    ]

    def job(document):
        try:
            ingest_document(document.pk)
        finally:
            give_connections_back()

    with ThreadPoolExecutor(6) as pool:
        runs = [pool.submit(copy_context().run, job, document) for document in documents * 3]
    assert [run.exception() for run in runs] == [None] * len(runs)
    assert len({tuple(contents(document)[:3]) for document in documents}) == 1
    assert_statistics_are_true(library)


def test_a_common_words_postings_are_kept_in_runs(library, monkeypatch):
    """Their order and their counts are right whatever is added, replaced and taken out, and in which order."""
    monkeypatch.setattr(postings_module, "LATEST", 4)
    for number in range(7):
        library.add(LONG if number % 3 else TEXT, f"{number}.md")
        assert_statistics_are_true(library)
    assert Postings.objects.filter(word__lexeme="sentenc").count() > 3
    for number in (3, 0, 6):
        library.add(f"# Shorter\n\nSentence {number}.", f"{number}.md")
        assert_statistics_are_true(library)
    for number in (1, 6, 5, 2, 0, 4, 3):
        delete_document(library.editor, Document.objects.get(source=f"{number}.md").pk)
        assert_statistics_are_true(library)
    assert not Postings.objects.exists()
