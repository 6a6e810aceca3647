"""Both rankings of a question, by words and by meaning, in one statement that the server keeps prepared.

One statement is one round trip, and the filter over metadata is looked up once for both. Its text depends on which
models are asked and on the filter's form alone; all values are parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from rag.ingest.embed import Vectors
from rag.search import lexical, vector
from rag.search.filters import filter_sql
from rag.search.query_vectors import QueryVector
from tenants.prepared import prepared_rows

Ranking = list[tuple[int, float]]
"""Chunk ids with their scores, best first."""

_SEARCHED = """
searched AS MATERIALIZED (
    SELECT id, collection_id, language, chunk_count, total_length FROM rag_lexicalindex
    WHERE collection_id = ANY(%(collections)s::uuid[])
)"""
_CHOSEN = """
documents AS MATERIALIZED (
    SELECT document.id, document.chunk_count FROM rag_document AS document
    WHERE document.collection_id = ANY(%(collections)s::uuid[]) AND {condition}
), chosen AS MATERIALIZED (
    SELECT chunk.id FROM documents JOIN rag_chunk AS chunk ON chunk.document_id = documents.id
)"""


@dataclass(frozen=True)
class Scope:
    """Where to search: the collections with the model of each, and a filter over their documents' metadata."""

    models: Mapping[UUID, str]
    filter: Mapping[str, Any] = field(default_factory=dict)

    def of_model(self, model: str) -> list[UUID]:
        """The collections that are searched by this model."""
        return [collection for collection, named in self.models.items() if named == model]


@dataclass(frozen=True)
class Rankings:
    """What one question found. ``by_meaning`` has a ranking for each of its vectors, in their order."""

    by_words: Ranking
    by_meaning: list[Ranking]


def rank(
    query: str,
    scope: Scope,
    depth: int,
    vectors: Sequence[QueryVector] = (),
    most_postings: int = lexical.MOST_POSTINGS,
    few: int | None = None,
) -> Rankings:
    """The ``depth`` best chunks by BM25 of the query's words, and by the cosine to each vector.

    Chunks that hold none of the words are not in the one; a vector of zeros has no direction, and ranks nothing.
    ``most_postings`` and ``few`` say when short cuts are taken (see ``lexical`` and ``vector``; without ``few``, as is
    best).
    Raises ``InvalidFilter``.
    """
    asked = {f"by_vector_{place}": each for place, each in enumerate(vectors) if each.vector.any()}
    condition, parameters = filter_sql(scope.filter)
    parameters |= {
        "collections": list(scope.models),
        "words": lexical.as_words(query),
        "depth": depth,
        "most_postings": most_postings,
        "refined": lexical.REFINED,
        "few": few,
        "ef_search": vector.EF_SEARCH,
    }
    for name, each in asked.items():
        parameters[name] = str(each.vector.astype("float16").tolist())
        parameters[f"{name}_of"] = scope.of_model(each.model)
    statement = _statement(asked, condition if scope.filter else "")
    found: dict[str, Ranking] = {"by_words": [], **{name: [] for name in asked}}
    for name, chunk_id, score in prepared_rows(statement, parameters):
        found[name].append((chunk_id, score))
    return Rankings(found["by_words"], [found.get(f"by_vector_{place}", []) for place in range(len(vectors))])


def _statement(asked: Mapping[str, QueryVector], condition: str) -> str:
    parts = [_SEARCHED]
    if condition:
        parts.append(_CHOSEN.format(condition=condition))
    parts.append(lexical.LEXICAL.format(chosen=lexical.OF_CHOSEN if condition else ""))
    if asked:
        parts += [vector.TUNED, vector.EXTENT.format(searched="documents" if condition else "searched")]
    parts += [vector.nearest(name, each.model, len(each.vector), bool(condition)) for name, each in asked.items()]
    rankings = " UNION ALL ".join(
        f"(SELECT '{name}', chunk_id, score::float8 FROM {name} ORDER BY score DESC, chunk_id)"  # noqa: S608  (our own)
        for name in ("by_words", *asked)
    )
    return f"WITH {', '.join(parts)} {rankings}"


def rank_by_words(query: str, collection_ids: Sequence[UUID], limit: int) -> Ranking:
    """The ranking by BM25 alone."""
    return rank(query, Scope(dict.fromkeys(collection_ids, "")), limit).by_words


def rank_by_meaning(query_vector: Vectors, model: str, collection_ids: Sequence[UUID], limit: int) -> Ranking:
    """The ranking by cosine alone. ``query_vector`` has the shape ``(dimension,)``."""
    scope = Scope(dict.fromkeys(collection_ids, model))
    return rank("", scope, limit, [QueryVector(model, query_vector, -1.0)]).by_meaning[0]
