"""Search by words and by meaning at once: two rankings, fused by reciprocal rank, made into passages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

from rag.search.fusion import reciprocal_rank_fusion
from rag.search.hits import Found, Hit, read_hits
from rag.search.marks import with_marks
from rag.search.passages import joined_with_neighbours, without_duplicates
from rag.search.query_vectors import QueryVector
from rag.search.ranking import Ranking, Rankings, Scope, rank
from rag.search.rerank import RERANKED

CANDIDATES = 50  # of each ranking; beyond, a rank adds less than its neighbours differ
LONGEST_QUERY = 2000  # characters; the rest of a longer one is not searched for
DEFAULT_LIMIT = 10

Mode = Literal["hybrid", "words", "meaning"]


@dataclass(frozen=True)
class Options:
    """What a search may be told.

    ``limit``: most passages. ``filter``: see ``rag.search.filters``. ``mode``: which rankings are used. ``min_score``:
    passages with a lower fused score are not returned; with both rankings the best possible is ``2 / 61``, first place
    in both. ``join``: neighbouring chunks become one passage. ``marks``: the question's words are marked in the texts.
    """

    limit: int = DEFAULT_LIMIT
    filter: Mapping[str, Any] = field(default_factory=dict)
    mode: Mode = "hybrid"
    min_score: float = 0.0
    join: bool = True
    marks: bool = False


def search(query: str, scope: Scope, options: Options, query_vectors: Sequence[QueryVector] = ()) -> list[Hit]:
    """The best passages of the collections for a question, best first.

    ``query_vectors`` are those of ``embed_query``; without them, only the words are searched for. Nothing is
    found for a question whose words occur nowhere and whose meaning is near to no chunk's.
    """
    return finished(query, candidates(query, scope, options, query_vectors), options)


def candidates(query: str, scope: Scope, options: Options, query_vectors: Sequence[QueryVector] = ()) -> list[Hit]:
    """The chunks from which passages are made, best first: more than are wanted, as some repeat others."""
    query = query[:LONGEST_QUERY]
    if not query.strip() or not scope.models:
        return []
    depth = max(CANDIDATES, options.limit)
    rankings = rank(
        "" if options.mode == "meaning" else query, scope, depth, () if options.mode == "words" else query_vectors
    )
    found = fused(rankings, [each.similarity_floor for each in query_vectors])
    wanted = max(2 * options.limit + 5, RERANKED)
    return read_hits([each for each in found if each.score >= options.min_score][:wanted])


def finished(query: str, hits: Sequence[Hit], options: Options) -> list[Hit]:
    """The passages that are handed out."""
    different = without_duplicates(hits)
    limit = options.limit
    passages = joined_with_neighbours(different, limit) if options.join else list(islice(different, limit))
    return with_marks(query[:LONGEST_QUERY], passages) if options.marks else passages


def fused(rankings: Rankings, floors: Sequence[float]) -> list[Found]:
    """The chunks by their fused score, best first."""
    by_words = dict(rankings.by_words)
    near = [_near(ranking, by_words, floor) for ranking, floor in zip(rankings.by_meaning, floors, strict=False)]
    lexical_ranks = {chunk_id: place for place, chunk_id in enumerate(by_words, start=1)}
    vector_ranks = {chunk_id: place for ranking in near for place, (chunk_id, _) in enumerate(ranking, start=1)}
    similarities = {chunk_id: similarity for ranking in near for chunk_id, similarity in ranking}
    order = reciprocal_rank_fusion([list(by_words), *([chunk_id for chunk_id, _ in ranking] for ranking in near)])
    return [
        Found(
            chunk_id,
            score,
            lexical_ranks.get(chunk_id),
            by_words.get(chunk_id),
            vector_ranks.get(chunk_id),
            similarities.get(chunk_id),
        )
        for chunk_id, score in order
    ]


def _near(ranking: Ranking, by_words: Mapping[int, float], floor: float) -> Ranking:
    """A chunk below the similarity floor may be near by chance: it counts where the words found it, too, which short
    questions about code and tables need."""
    return [(chunk, similarity) for chunk, similarity in ranking if similarity >= floor or chunk in by_words]
