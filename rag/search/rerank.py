"""A second look at the best chunks, by a model that reads question and text together. A port: none comes with Atrium.

``ATRIUM_RERANKER`` names a class, or a function without arguments that gives an object, by its dotted path.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Protocol, runtime_checkable

from django.conf import settings
from django.utils.module_loading import import_string

from rag.exceptions import RerankerUnavailable
from rag.search.hits import Hit

log = logging.getLogger(__name__)

RERANKED = 30  # chunks that a reranker reads


@runtime_checkable
class Reranker(Protocol):
    """Says how well texts answer a question."""

    def rerank(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        """A score for each text, in their order; the higher, the better. On any scale.

        Called on a thread, with no database connection in hand. Raises ``RerankerUnavailable`` where the model does
        not answer: the search then keeps its own order.
        """
        ...


def get_reranker() -> Reranker | None:
    """The deployment's reranker, or None where none is set."""
    path = settings.ATRIUM_RERANKER
    return _made(path) if path else None


def reranked(reranker: Reranker, query: str, hits: Sequence[Hit]) -> list[Hit]:
    """The hits in the reranker's order, each with its score. Hits beyond ``RERANKED`` keep their places behind them."""
    read, rest = hits[:RERANKED], hits[RERANKED:]
    if not read:
        return list(hits)
    try:
        scores = [float(score) for score in reranker.rerank(query, [hit.text for hit in read])]
    except RerankerUnavailable as error:
        log.warning("the search keeps its own order: %s", error.detail)
        return list(hits)
    scored = [replace(hit, rerank_score=score) for hit, score in zip(read, scores, strict=True)]
    return [*sorted(scored, key=lambda hit: -(hit.rerank_score or 0.0)), *rest]


@lru_cache(maxsize=4)
def _made(path: str) -> Reranker:
    """Made once a process: a model may take long to load."""
    made = import_string(path)()
    if not isinstance(made, Reranker):
        raise TypeError(f"ATRIUM_RERANKER={path} has no method rerank(query, texts).")
    return made
