"""Search the collections that an actor may read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from rag.access import access_chosen_collections
from rag.search import hybrid
from rag.search.hybrid import Hit
from rag.search.query_vectors import aembed_query, embed_query
from tenants.actors import Actor
from tenants.database import give_connections_back, in_database

DEFAULT_LIMIT = 10


@dataclass(frozen=True)
class _Scope:
    """Where to search: what the actor asked for and may read."""

    collection_ids: list[UUID]
    models: list[str]


def search(
    actor: Actor,
    query: str,
    collection_ids: Sequence[UUID] | None = None,
    limit: int = DEFAULT_LIMIT,
    assistant_id: str = "",
) -> list[Hit]:
    """The best chunks for a question, best first. Without ids, in all collections that the actor may read.

    ``assistant_id`` is the assistant that searches for the actor, if one does.

    Raises ``NotFound`` for a collection that the actor may not read or that is not there.
    """
    query = query.replace("\x00", "")
    scope = _scope(actor, collection_ids, assistant_id)
    if not query.strip() or not scope.collection_ids:
        return []
    give_connections_back()  # the embedding model may be far away
    vectors = embed_query(query[: hybrid.LONGEST_QUERY], scope.models)
    return hybrid.search(query, scope.collection_ids, limit, vectors)


async def asearch(
    actor: Actor,
    query: str,
    collection_ids: Sequence[UUID] | None = None,
    limit: int = DEFAULT_LIMIT,
    assistant_id: str = "",
) -> list[Hit]:
    """``search`` from the event loop: the model is awaited with no thread and no connection in hand."""
    query = query.replace("\x00", "")
    scope = await in_database(_scope, actor, collection_ids, assistant_id)
    if not query.strip() or not scope.collection_ids:
        return []
    vectors = await aembed_query(query[: hybrid.LONGEST_QUERY], scope.models)
    return await in_database(hybrid.search, query, scope.collection_ids, limit, vectors)


def _scope(actor: Actor, collection_ids: Sequence[UUID] | None, assistant_id: str) -> _Scope:
    collections = access_chosen_collections(actor, collection_ids, assistant_id)
    return _Scope([each.pk for each in collections], [each.embedding_model for each in collections])
