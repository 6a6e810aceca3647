"""Search by words and by meaning at once: two rankings, fused by reciprocal rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from rag.models import Chunk
from rag.search.fusion import reciprocal_rank_fusion
from rag.search.lexical import rank_by_words
from rag.search.query_vectors import QueryVector
from rag.search.vector import rank_by_meaning

CANDIDATES = 50  # of each ranking; beyond, a rank adds less than its neighbours differ
LONGEST_QUERY = 2000  # characters; the rest of a longer one is not searched for

_FIELDS = (
    "document",
    "collection",
    "document__title",
    "document__source",
    "heading",
    "page",
    "text",
    "start_offset",
    "end_offset",
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found. ``score`` is the fused one; a rank is None where a ranking lacks it."""

    chunk_id: int
    document_id: UUID
    collection_id: UUID
    title: str
    heading: str
    page: int | None
    text: str
    start_offset: int
    end_offset: int
    score: float
    lexical_rank: int | None
    vector_rank: int | None


def search(
    query: str, collection_ids: Sequence[UUID], limit: int, query_vectors: Sequence[QueryVector] = ()
) -> list[Hit]:
    """The best chunks of the collections for a question, best first, at most ``limit``.

    ``query_vectors`` are those of ``embed_query``; without them, only the words are searched for. Nothing is
    found for a question whose words occur nowhere and whose meaning is near to no chunk's.
    """
    query = query[:LONGEST_QUERY]
    if not query.strip() or not collection_ids:
        return []
    depth = max(CANDIDATES, limit)
    by_words = _ids(rank_by_words(query, collection_ids, depth))
    by_meaning = [_near(each, by_words, collection_ids, depth) for each in query_vectors]
    fused = reciprocal_rank_fusion([by_words, *by_meaning])[:limit]
    return _hits(fused, _ranks([by_words]), _ranks(by_meaning))


def _near(query: QueryVector, by_words: list[int], collection_ids: Sequence[UUID], depth: int) -> list[int]:
    """The nearest chunks. One below the similarity floor may be near by chance: it counts where the words found it,
    too, which short questions about code and tables need."""
    found = set(by_words)
    ranking = rank_by_meaning(query.vector, query.model, collection_ids, depth, similarity_floor=-1.0)
    return [chunk for chunk, similarity in ranking if similarity >= query.similarity_floor or chunk in found]


def _ids(ranking: list[tuple[int, float]]) -> list[int]:
    return [chunk_id for chunk_id, _ in ranking]


def _ranks(rankings: list[list[int]]) -> dict[int, int]:
    return {chunk_id: rank for ranking in rankings for rank, chunk_id in enumerate(ranking, start=1)}


def _hits(fused: list[tuple[int, float]], lexical_ranks: dict[int, int], vector_ranks: dict[int, int]) -> list[Hit]:
    """The chunks' texts to the ranking. A chunk that was removed since it was ranked is left out."""
    wanted = Chunk.objects.filter(pk__in=[chunk_id for chunk_id, _ in fused])
    chunks = {chunk.pk: chunk for chunk in wanted.select_related("document").only(*_FIELDS)}
    return [
        _hit(chunks[chunk_id], score, lexical_ranks.get(chunk_id), vector_ranks.get(chunk_id))
        for chunk_id, score in fused
        if chunk_id in chunks
    ]


def _hit(chunk: Chunk, score: float, lexical_rank: int | None, vector_rank: int | None) -> Hit:
    return Hit(
        chunk_id=chunk.pk,
        document_id=chunk.document_id,
        collection_id=chunk.collection_id,
        title=str(chunk.document),
        heading=chunk.heading,
        page=chunk.page,
        text=chunk.text,
        start_offset=chunk.start_offset,
        end_offset=chunk.end_offset,
        score=score,
        lexical_rank=lexical_rank,
        vector_rank=vector_rank,
    )
