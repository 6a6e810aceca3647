"""What a search finds: chunks with where they stand and why they were found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from uuid import UUID

from tenants.prepared import prepared_rows

_CHUNKS = """
SELECT chunk.id, chunk.document_id, chunk.collection_id, collection.name,
       coalesce(nullif(document.title, ''), nullif(document.source, ''), document.id::text), document.source,
       chunk.heading, chunk.table_header, chunk.page, chunk.text, chunk.start_offset, chunk.end_offset, chunk.ordinal,
       document.indexed_version
FROM rag_chunk AS chunk
JOIN rag_document AS document ON document.id = chunk.document_id
JOIN rag_collection AS collection ON collection.id = chunk.collection_id
WHERE chunk.id = ANY(%(ids)s::bigint[])
"""


@dataclass(frozen=True, slots=True)
class Found:
    """A chunk's place in the rankings. A rank counts from 1 and is None where a ranking lacks the chunk.

    ``score`` is the fused one; ``lexical_score`` BM25's; ``similarity`` the cosine.
    """

    chunk_id: int
    score: float
    lexical_rank: int | None = None
    lexical_score: float | None = None
    vector_rank: int | None = None
    similarity: float | None = None


_PLACE = attrgetter("score", "lexical_rank", "lexical_score", "vector_rank", "similarity")


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found: a chunk, or neighbours that were joined, ``document.text[start_offset:end_offset]`` in
    the document's ``version``.

    ``table_header`` names the columns where the text begins in the middle of a table.
    ``chunk_id`` and the ranks are the best chunk's; ``chunk_ids`` are all that the text is made of, in their order.
    ``score`` is the fused one, of reciprocal ranks; ``lexical_score`` is BM25's and ``similarity`` the cosine; a rank
    counts from 1 and is None where a ranking lacks the chunk. ``rerank_score`` is the reranker's, where there is one.
    ``marks`` are the places in ``text`` of words that the question has, as ``(start, end)``, where they were asked for.
    """

    chunk_id: int
    document_id: UUID
    collection_id: UUID
    collection_name: str
    title: str
    source: str
    heading: str
    table_header: str
    page: int | None
    text: str
    start_offset: int
    end_offset: int
    ordinal: int
    version: int
    score: float
    lexical_rank: int | None
    lexical_score: float | None
    vector_rank: int | None
    similarity: float | None
    chunk_ids: tuple[int, ...] = ()
    rerank_score: float | None = None
    marks: tuple[tuple[int, int], ...] = ()


def read_hits(found: Sequence[Found]) -> list[Hit]:
    """The chunks' texts to their places. A chunk that was removed since it was ranked is left out."""
    if not found:
        return []
    rows = {row[0]: row for row in prepared_rows(_CHUNKS, {"ids": [each.chunk_id for each in found]})}
    return [
        Hit(*rows[each.chunk_id], *_PLACE(each), (each.chunk_id,))  # type: ignore[call-arg]  # rows are of Any
        for each in found
        if each.chunk_id in rows
    ]
