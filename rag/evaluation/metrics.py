"""Measures of a ranking against what people judged relevant. Pure.

A judgement is a gain: 0 is not relevant, 1 is, more is more so. nDCG is K. Järvelin and J. Kekäläinen's ("Cumulated
gain-based evaluation of IR techniques", 2002) with gains as they are and a discount of ``log2(rank + 1)``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

Judgements = Mapping[str, int]
"""The gain of each document that was judged for one question."""


def ndcg(ranking: Sequence[str], judged: Judgements, k: int) -> float:
    """From 0 to 1: the discounted gain of the first ``k``, over that of the best possible order."""
    best = _discounted(sorted((gain for gain in judged.values() if gain > 0), reverse=True)[:k])
    return _discounted([max(0, judged.get(document, 0)) for document in ranking[:k]]) / best if best else 0.0


def recall(ranking: Sequence[str], judged: Judgements, k: int) -> float:
    """From 0 to 1: the share of the relevant documents that are among the first ``k``."""
    relevant = {document for document, gain in judged.items() if gain > 0}
    return len(relevant.intersection(ranking[:k])) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranking: Sequence[str], judged: Judgements, k: int) -> float:
    """One over the place of the first relevant document among the first ``k``; 0 where there is none."""
    places = (place for place, document in enumerate(ranking[:k], start=1) if judged.get(document, 0) > 0)
    return next((1 / place for place in places), 0.0)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` (0 to 1) of the values do not exceed; 0 for no values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1 if share else 0)] if ordered else 0.0


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(place + 1) for place, gain in enumerate(gains, start=1))
