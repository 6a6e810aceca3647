"""Collections and documents are made by those who may, and refused with a reason."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection, transaction

from rag.exceptions import EmbeddingUnavailable, UnknownLanguage, UnsupportedType
from rag.models import (
    Chunk,
    Collection,
    Document,
    DocumentWords,
    Embedding,
    Original,
)
from rag.use_cases.add_document import LARGEST_DOCUMENT, add_document
from rag.use_cases.create_collection import create_collection
from rag.use_cases.delete_document import delete_document
from tenants.context import public_context
from tenants.errors import Conflict, InvalidInput, NotAllowed, NotFound, TooLarge
from tests.integration.rag.conftest import postings
from tests.office_files import pdf


def queued_jobs(document: Document) -> int:
    with public_context(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'rag.ingest_document'"
            " AND args ->> 'document_id' = %s",
            [str(document.pk)],
        )
        return cursor.fetchone()[0]


def test_a_collection_gets_the_offline_model_and_english(library):
    assert (library.collection.embedding_model, library.collection.language) == ("wordllama-256", "english")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"name": "Handbook"}, Conflict),
        ({"name": "  "}, InvalidInput),
        ({"name": "x" * 201}, InvalidInput),
        ({"name": "x", "language": "klingon"}, UnknownLanguage),
        ({"name": "x", "embedding_model": "gone"}, EmbeddingUnavailable),
    ],
)
def test_a_collection_that_cannot_be_is_refused(library, options, error):
    with pytest.raises(error):
        create_collection(library.editor, **options)
    assert Collection.objects.count() == 1


def test_a_member_reads_but_does_not_write(library):
    document = library.add("text", "a.txt")
    with pytest.raises(NotAllowed):
        create_collection(library.reader, "Mine")
    with pytest.raises(NotAllowed):
        add_document(library.reader, library.collection.pk, "text")
    with pytest.raises(NotAllowed):
        delete_document(library.reader, document.pk)
    assert Document.objects.count() == 1


def test_a_document_is_queued_with_its_job(library):
    document = add_document(library.editor, library.collection.pk, "# Pumps", source="pumps.md")
    assert (document.status, document.media_type, document.size) == ("queued", "text/markdown", 7)
    assert bytes(document.original.content) == b"# Pumps"
    assert queued_jobs(document) == 1


def test_document_and_job_vanish_together(library):
    with transaction.atomic():
        document = add_document(library.editor, library.collection.pk, "text", source="a.txt")
        assert queued_jobs(document) == 1
        transaction.set_rollback(True)
    assert queued_jobs(document) == 0
    assert not Document.objects.exists()


def test_the_same_content_again_is_neither_a_version_nor_a_job(library):
    document = library.add("text", "a.txt", metadata={"year": 1})
    again = add_document(library.editor, library.collection.pk, "text", source="a.txt", metadata={"year": 2})
    assert (again.pk, again.version, again.status) == (document.pk, 1, "ready")
    assert Document.objects.get().metadata == {"year": 2}
    assert queued_jobs(document) == 1


def test_a_failed_document_is_tried_again_when_it_is_added_again(library):
    locked = pdf([(11, "Secret.")], encrypted=True)
    document = library.add(locked, "a.pdf")
    assert (document.status, document.error_code) == ("failed", "encrypted_document")
    again = add_document(library.editor, library.collection.pk, locked, source="a.pdf")
    assert (again.pk, again.status, again.error, again.error_code) == (document.pk, "queued", "", "")


def test_texts_without_a_source_are_documents_of_their_own(library):
    first = library.add("text", title="One")
    second = library.add("text", title="Two")
    assert first.pk != second.pk
    assert (first.title, second.title) == ("One", "Two")


def test_a_given_title_is_kept(library):
    assert library.add("# Inside\n\nText.", "a.md", title="Given").title == "Given"


@pytest.mark.parametrize(
    ("content", "options", "error"),
    [
        (b"MZ\x90\x00", {"source": "setup.txt"}, UnsupportedType),
        (b"\x89PNG\r\n\x1a\n", {}, UnsupportedType),
        ("x", {"source": "x" * 1001}, InvalidInput),
        (b"x" * (LARGEST_DOCUMENT + 1), {"source": "big.txt"}, TooLarge),
    ],
)
def test_a_document_that_cannot_be_is_refused(library, content, options, error):
    with pytest.raises(error):
        add_document(library.editor, library.collection.pk, content, **options)
    assert not Document.objects.exists()


def test_a_document_for_an_unknown_collection_is_refused(library):
    with pytest.raises(NotFound):
        add_document(library.editor, uuid.uuid4(), "text")


def test_deleting_a_document_leaves_nothing_of_it(library):
    document = library.add("# A\n\nSome text.", "a.md")
    delete_document(library.editor, document.pk)
    for model in (Document, Original, Chunk, Embedding, DocumentWords):
        assert not model.objects.exists()
    assert not postings()
    assert library.found("text") == []
