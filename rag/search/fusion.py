"""Several rankings to one.

G. Cormack, C. Clarke and S. Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank
Learning Methods", SIGIR 2009. Ranks are fused and not scores, because BM25 and cosines have no common scale.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

RRF_K = 60  # of the paper


def reciprocal_rank_fusion(rankings: Iterable[list[int]], k: int = RRF_K) -> list[tuple[int, float]]:
    """Keys with the sum of ``1 / (k + rank)`` over their rankings, best first. Ranks count from 1.

    Equal sums are ordered by key, so that the same search gives the same order.
    """
    scores: defaultdict[int, float] = defaultdict(float)
    for ranking in rankings:
        for rank, key in enumerate(ranking, start=1):
            scores[key] += 1 / (k + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))
