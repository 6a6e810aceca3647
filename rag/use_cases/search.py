"""Search the collections that an actor may read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from rag.access import access_chosen_collections
from rag.exceptions import EmbeddingUnavailable
from rag.search import hybrid
from rag.search.filters import filter_sql
from rag.search.hits import Hit
from rag.search.hybrid import DEFAULT_LIMIT, Options
from rag.search.query_vectors import QueryVector, aembed_query, embed_query
from rag.search.ranking import Scope
from rag.search.rerank import get_reranker, reranked
from tenants.actors import Actor
from tenants.database import give_connections_back, in_database, in_thread

__all__ = ["DEFAULT_LIMIT", "Options", "asearch", "search"]


def search(
    actor: Actor,
    query: str,
    collection_ids: Sequence[UUID] | None = None,
    limit: int | None = None,
    assistant_id: str = "",
    options: Options | None = None,
) -> list[Hit]:
    """The best passages for a question, best first. Without ids, in all collections that the actor may read.

    ``assistant_id`` is the assistant that searches for the actor, if one does. ``limit`` stands for that of
    ``options``.

    Raises ``NotFound`` for a collection that the actor may not read or that is not there; ``InvalidFilter``;
    ``EmbeddingUnavailable`` for a search by meaning alone whose models do not answer.
    """
    query, chosen = query.replace("\x00", ""), _chosen(options, limit)
    scope = _scope(actor, collection_ids, assistant_id, chosen)
    if not query.strip() or not scope.models:
        return []
    give_connections_back()  # the embedding model may be far away
    vectors = _checked(embed_query(query[: hybrid.LONGEST_QUERY], _models(scope, chosen)), chosen)
    reranker = get_reranker()
    if reranker is None:
        return hybrid.search(query, scope, chosen, vectors)
    candidates = hybrid.candidates(query, scope, chosen, vectors)
    give_connections_back()
    return hybrid.finished(query, reranked(reranker, query, candidates), chosen)


async def asearch(
    actor: Actor,
    query: str,
    collection_ids: Sequence[UUID] | None = None,
    limit: int | None = None,
    assistant_id: str = "",
    options: Options | None = None,
) -> list[Hit]:
    """``search`` from the event loop: models are awaited with no thread and no connection in hand."""
    query, chosen = query.replace("\x00", ""), _chosen(options, limit)
    scope = await in_database(_scope, actor, collection_ids, assistant_id, chosen)
    if not query.strip() or not scope.models:
        return []
    vectors = _checked(await aembed_query(query[: hybrid.LONGEST_QUERY], _models(scope, chosen)), chosen)
    reranker = get_reranker()
    if reranker is None:
        return await in_database(hybrid.search, query, scope, chosen, vectors)
    candidates = await in_database(hybrid.candidates, query, scope, chosen, vectors)
    ordered = await in_thread(reranked, reranker, query, candidates)
    return await in_database(hybrid.finished, query, ordered, chosen)


def _chosen(options: Options | None, limit: int | None) -> Options:
    chosen = options or Options()
    filter_sql(chosen.filter)  # refuses before anything is asked
    return chosen if limit is None else replace(chosen, limit=limit)


def _models(scope: Scope, options: Options) -> set[str]:
    return set() if options.mode == "words" else set(scope.models.values())


def _checked(vectors: list[QueryVector], options: Options) -> list[QueryVector]:
    """Without a vector the words still find; where they are not asked, to find nothing would say what nobody knows."""
    if options.mode == "meaning" and not vectors:
        raise EmbeddingUnavailable
    return vectors


def _scope(actor: Actor, collection_ids: Sequence[UUID] | None, assistant_id: str, options: Options) -> Scope:
    collections = access_chosen_collections(actor, collection_ids, assistant_id)
    return Scope({each.pk: each.embedding_model for each in collections}, options.filter)
