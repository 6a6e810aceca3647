"""A question's vectors: one for each embedding model of the collections that are searched.

Apart from the ranking, because a model may be far away: it is asked without a database connection in hand,
and from async code without a thread.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rag.exceptions import EmbeddingUnavailable
from rag.ingest.embed import Embedder, Vectors, get_embedder
from tenants.credentials.in_force import aproviders, using

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class QueryVector:
    """The question as ``model`` sees it: shape ``(dimension,)``; neighbours below the floor are chance."""

    model: str
    vector: Vectors
    similarity_floor: float


def embed_query(query: str, models: Iterable[str]) -> list[QueryVector]:
    """The question's vector by each model. A model that does not answer is left out: words still find."""
    vectors = []
    for embedder in _embedders(models):
        try:
            vectors.append(_query_vector(embedder, embedder.embed_query(query)))
        except EmbeddingUnavailable as error:
            _log_left_out(embedder.model, error)
    return vectors


async def aembed_query(query: str, models: Iterable[str]) -> list[QueryVector]:
    """``embed_query`` without holding up the event loop."""
    vectors = []
    with using(await aproviders()):
        embedders = list(_embedders(models))
    for embedder in embedders:
        try:
            vectors.append(_query_vector(embedder, await embedder.aembed_query(query)))
        except EmbeddingUnavailable as error:
            _log_left_out(embedder.model, error)
    return vectors


def _embedders(models: Iterable[str]) -> Iterator[Embedder]:
    for model in sorted(set(models)):
        try:
            yield get_embedder(model)
        except EmbeddingUnavailable as error:
            _log_left_out(model, error)


def _query_vector(embedder: Embedder, vector: Vectors) -> QueryVector:
    return QueryVector(embedder.model, vector, embedder.similarity_floor)


def _log_left_out(model: str, error: EmbeddingUnavailable) -> None:
    log.warning("search goes on by words alone: %s", error.detail, extra={"embedding_model": model})
