"""Ranking by meaning: the nearest vectors, through the model's HNSW index where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from pgvector import HalfVector

from rag.ingest.embed import Vectors

# How many neighbours the index looks at before it looks further, and that it does look further when the
# filter on collections leaves too few: without the iterative scan a search in a small collection loses most
# of its hits.
_SETTINGS = "SELECT set_config('hnsw.ef_search', %s, true), set_config('hnsw.iterative_scan', 'relaxed_order', true)"
EF_SEARCH = 200

# A relaxed scan gives its rows nearly in order: they are sorted again. The cast and the model's name are
# written as the partial index has them, or the planner would not see that it fits.
_NEAREST = """
WITH nearest AS MATERIALIZED (
    SELECT chunk_id, vector::halfvec({dimension}) <=> %(vector)s::halfvec({dimension}) AS distance
    FROM rag_embedding
    WHERE model = %(model)s AND collection_id = ANY(%(collections)s::uuid[])
    ORDER BY distance
    LIMIT %(limit)s
)
SELECT chunk_id, 1 - distance FROM nearest WHERE 1 - distance >= %(floor)s ORDER BY distance, chunk_id
"""


def rank_by_meaning(
    vector: Vectors, model: str, collection_ids: Sequence[UUID], limit: int, similarity_floor: float = -1.0
) -> list[tuple[int, float]]:
    """Chunk ids with the cosine of their vector to ``vector``, best first, those below the floor left out.

    ``vector`` has the shape ``(dimension,)``. A vector of zeros has no direction, and finds nothing.
    """
    if not vector.any():
        return []
    statement = _NEAREST.format(dimension=len(vector))
    parameters: dict[str, Any] = {
        "vector": HalfVector(vector).to_text(),
        "model": model,
        "collections": list(collection_ids),
        "limit": limit,
        "floor": similarity_floor,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_SETTINGS, [str(max(EF_SEARCH, limit))])
        cursor.execute(statement, parameters)
        return cursor.fetchall()
