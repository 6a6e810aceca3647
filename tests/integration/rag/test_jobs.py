"""The queue's worker ingests documents, each in the tenant that it belongs to."""

from __future__ import annotations

from procrastinate.contrib.django import app

from rag.models import Document
from rag.use_cases.add_document import add_document
from tenants.context import tenant_context
from tenants.database import in_database
from tests.integration.rag.conftest import make_library


async def test_the_worker_makes_queued_documents_ready_in_their_tenants(acme, globex):
    def fill(tenant):
        library = make_library(tenant)
        add_document(library.editor, library.collection.pk, f"# {tenant.host}\n\nText.", source="a.md")

    def state() -> list[tuple[str, str]]:
        return list(Document.objects.values_list("status", "title"))

    for tenant in (acme, globex):
        with tenant_context(tenant.ref):
            await in_database(fill, tenant)
    worker = app.with_connector(app.connector.get_worker_connector())
    async with worker.open_async():
        await worker.run_worker_async(wait=False, install_signal_handlers=False, queues=["documents"])
    for tenant in (acme, globex):
        with tenant_context(tenant.ref):
            assert await in_database(state) == [("ready", tenant.host)]
