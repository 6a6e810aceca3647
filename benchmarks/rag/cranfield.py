"""The Cranfield collection with the offline embedder: how good the rankings are."""

from __future__ import annotations

import argparse

from benchmarks.peer_report import Figure
from benchmarks.streams import plain

AIMS = {"words": 0.37, "meaning": 0.0, "hybrid": 0.385}


def measure(options: argparse.Namespace) -> list[Figure]:
    """nDCG and recall of each ranking."""
    from rag.evaluation.beir import read_collection
    from rag.evaluation.evaluate import Result, Setup, evaluate

    if not options.cranfield.is_dir():
        print(f"cranfield: {options.cranfield} is not here")
        return []

    def figures(result: Result) -> list[Figure]:
        aim = AIMS[result.mode]
        name = f"Cranfield by {result.mode}"
        return [
            Figure(f"{name}, nDCG@10", result.ndcg, "", f"at least {aim:g}", result.ndcg >= aim)
            if aim
            else plain(f"{name}, nDCG@10", result.ndcg, ""),
            plain(f"{name}, recall@10", result.recall, ""),
            plain(f"{name}, p50", result.p50_ms, "ms"),
        ]

    return [figure for each in evaluate(read_collection(options.cranfield), Setup(), print) for figure in figures(each)]
