"""A tenant with a collection, and short ways to fill it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import connection

from rag.models import Collection, Document
from rag.use_cases.add_document import add_document
from rag.use_cases.create_collection import create_collection
from rag.use_cases.ingest_document import ingest_document
from rag.use_cases.remove_collection import remove_collection
from rag.use_cases.search import search
from tenants.actors import Actor
from tenants.context import tenant_context
from tests.factories import TenantFixture


@dataclass(frozen=True)
class Library:
    """A tenant's collection. All calls are for the tenant in force."""

    tenant: TenantFixture
    editor: Actor
    reader: Actor
    collection: Collection

    def add(self, content: str | bytes, source: str = "", **options: object) -> Document:
        """Add a document and ingest it at once."""
        document = add_document(self.editor, self.collection.pk, content, source=source, **options)
        ingest_document(document.pk)
        document.refresh_from_db()
        return document

    def found(self, query: str, limit: int = 10) -> list[str]:
        """Titles of what a search of the collection finds."""
        return [hit.title for hit in search(self.reader, query, [self.collection.pk], limit)]


def make_library(tenant: TenantFixture, name: str = "Handbook", **options: str) -> Library:
    """A collection in the tenant in force."""
    editor = tenant.actor(tenant.owner)
    return Library(tenant, editor, tenant.actor(), create_collection(editor, name, **options))


def clear_away() -> None:
    """What the jobs do that deleted collections have queued."""
    for collection in Collection.with_deleted.filter(deleted_at__isnull=False):
        while not remove_collection(collection.pk):
            pass


def postings() -> list[tuple[int, str, int, int]]:
    """All postings of the tenant in force, unpacked: chunk, lexeme, frequency, length; in no order."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT posting >> 24, lexeme, (posting >> 16) & 255, posting & 65535
            FROM (
                SELECT lexeme, unnest(latest) AS posting FROM rag_word
                UNION ALL
                SELECT lexeme, unnest(postings) FROM rag_word JOIN rag_postings ON word_id = rag_word.id
            ) AS held
            """
        )
        return cursor.fetchall()


@pytest.fixture
def library(acme: TenantFixture) -> Iterator[Library]:
    """Acme's collection; the test runs in acme's context."""
    with tenant_context(acme.ref):
        yield make_library(acme)
