"""Jobs of this app. Thin: each calls a use case."""

from __future__ import annotations

from uuid import UUID

from procrastinate import RetryStrategy

from rag.exceptions import EmbeddingUnavailable
from rag.use_cases.ingest_document import ingest_document as _ingest_document
from tenants.tasks import tenant_task


@tenant_task(
    name="rag.ingest_document",
    queue="documents",
    retry=RetryStrategy(max_attempts=5, exponential_wait=4, retry_exceptions={EmbeddingUnavailable}),
)
def ingest_document(document_id: str) -> None:
    """Make a stored document searchable."""
    _ingest_document(UUID(document_id))
