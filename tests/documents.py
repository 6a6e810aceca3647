"""Documents for tests, taken in at once instead of by a worker."""

from __future__ import annotations

from uuid import UUID

from rag.models import Collection
from rag.use_cases.add_document import add_document
from rag.use_cases.create_collection import create_collection
from rag.use_cases.ingest_document import ingest_document
from tenants.context import tenant_context
from tests.factories import TenantFixture


def add_ready_document(tenant: TenantFixture, text: str, source: str, collection: str = "Pages") -> UUID:
    """Add the text to a collection of the tenant's and make it searchable. Returns the document's id."""
    actor = tenant.actor(tenant.owner)
    with tenant_context(tenant.ref):
        found = Collection.objects.filter(name=collection).first() or create_collection(actor, collection)
        document = add_document(actor, found.pk, text, source=source)
        ingest_document(document.pk)
    return document.pk
