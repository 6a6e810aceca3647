"""Jobs of this app. Thin: each calls a use case."""

from __future__ import annotations

from uuid import UUID

from django.db import InterfaceError, OperationalError
from procrastinate import RetryStrategy

from rag.exceptions import EmbeddingUnavailable
from rag.ingest.vector_index import build_index
from rag.use_cases.change_embedding_model import reembed_collection as reembed
from rag.use_cases.ingest_document import ingest_document as ingest_alone
from rag.use_cases.ingest_document import ingest_in_slot
from rag.use_cases.remove_collection import remove_collection as remove_some
from tenants.tasks import tenant_task

INGEST = "rag.ingest_document"


@tenant_task(
    name=INGEST,
    queue="documents",
    retry=RetryStrategy(exponential_wait=4, retry_exceptions={EmbeddingUnavailable, OperationalError, InterfaceError}),
)
def ingest_document(document_id: str, slot: int | None = None, turn: int = 0) -> None:
    """Make a stored document searchable, and the tenant's next ones. Jobs of older versions have no slot.

    Which document it is, the slot knows; the job's argument says with which it began."""
    if slot is None:
        ingest_alone(UUID(document_id))
    else:
        ingest_in_slot(slot, turn)


@tenant_task(
    name="rag.reembed_collection",
    queue="documents",
    retry=RetryStrategy(exponential_wait=4, retry_exceptions={EmbeddingUnavailable, OperationalError, InterfaceError}),
)
def reembed_collection(collection_id: str) -> None:
    """Embed a collection's chunks by the model that it is to have, and switch to it."""
    reembed(UUID(collection_id))


@tenant_task(
    name="rag.remove_collection",
    queue="documents",
    retry=RetryStrategy(exponential_wait=4, retry_exceptions={OperationalError, InterfaceError}),
)
def remove_collection(collection_id: str) -> None:
    """Take the rows of a deleted collection away, and go on behind the jobs of others while there are more."""
    if not remove_some(UUID(collection_id)):
        remove_collection.defer(collection_id=collection_id)


@tenant_task(name="rag.build_vector_index", queue="documents", retry=RetryStrategy(max_attempts=5, exponential_wait=10))
def build_vector_index(model: str, dimension: int) -> None:
    """Make the index of a model whose vectors have become many."""
    build_index(model, dimension)
