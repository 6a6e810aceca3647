"""What a document that was written leaves to do: for its vectors, and for a model that was changed meanwhile."""

from __future__ import annotations

from rag.ingest.embed import OFFLINE_MODEL
from rag.ingest.index import PreparedDocument
from rag.ingest.known_vectors import forget_staged
from rag.ingest.vector_index import needs_index
from rag.models import Collection


def follow_up(prepared: PreparedDocument) -> None:
    """Forget what was kept for it; queue an index that is needed now, and vectors by the model that the collection has
    got while this document was embedded by the one before."""
    from rag.tasks import build_vector_index, reembed_collection

    if prepared.model != OFFLINE_MODEL:
        forget_staged(prepared.searchable)
        dimension = prepared.vectors.shape[1]
        if needs_index(prepared.model, dimension):
            build_vector_index.defer(model=prepared.model, dimension=dimension)
    changed = Collection.objects.filter(documents=prepared.document_id).exclude(embedding_model=prepared.model)
    for key in changed.values_list("pk", flat=True):
        reembed_collection.defer(collection_id=str(key))
