"""A tenant with a collection, and short ways to fill it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from rag.models import Collection, Document
from rag.use_cases.add_document import add_document
from rag.use_cases.create_collection import create_collection
from rag.use_cases.ingest_document import ingest_document
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


@pytest.fixture
def library(acme: TenantFixture) -> Iterator[Library]:
    """Acme's collection; the test runs in acme's context."""
    with tenant_context(acme.ref):
        yield make_library(acme)
