"""Search time, recall and index size over synthetic chunks, as they become more."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any

import psutil

from benchmarks.peer_report import Figure
from benchmarks.rag.synthetic import MODEL, Question, Synthetic, load
from benchmarks.streams import plain

LARGE = 100_000  # chunks, for which there are aims
FILTER = {"year": 2007}
SIZES = {
    "words": ("rag_word", "rag_postings", "rag_documentwords"),
    "vectors": ("rag_embedding",),
    "texts": ("rag_chunk",),
}


def measure(options: argparse.Namespace) -> list[Figure]:
    """All sizes, each in a tenant of its own."""
    from rag.evaluation.scratch import scratch_tenant

    found: list[Figure] = []
    for chunks in options.sizes:
        with scratch_tenant():
            began = time.perf_counter()
            source = Synthetic()
            collections = load(source, chunks)
            print(f"{chunks:,} chunks loaded and indexed in {time.perf_counter() - began:.0f} s", flush=True)
            found += _figures(f"{chunks:,} chunks", chunks == LARGE, source, collections, options.questions)
    return found


def _figures(name: str, has_aims: bool, source: Synthetic, collections: Sequence[Any], count: int) -> list[Figure]:
    from rag.evaluation.metrics import percentile
    from rag.search.ranking import Scope

    scope = Scope(dict.fromkeys(collections, MODEL))
    narrow = Scope(scope.models, FILTER)
    asked, common = source.questions(count), source.questions(count, commonest_left_out=0)
    ways: list[tuple[str, Scope, list[Question], str]] = [
        ("hybrid", scope, asked, "hybrid"),
        ("hybrid, filtered to 5 %", narrow, asked, "hybrid"),
        ("hybrid, with stop words", scope, common, "hybrid"),
        ("words alone", scope, asked, "words"),
        ("vectors alone", scope, asked, "meaning"),
    ]
    found: list[Figure] = []
    for title, where, questions, mode in ways:
        took, cpu = _times(_search(where, mode), questions)
        aimed = has_aims and title in ("hybrid", "hybrid, filtered to 5 %")
        for share, most in ((0.5, 12), (0.95, 25)):
            value, label = percentile(took, share), f"{name}: {title}, p{100 * share:.0f}"
            figure = (
                Figure(label, value, "ms", f"at most {most}", value <= most) if aimed else plain(label, value, "ms")
            )
            found.append(figure)
        found.append(plain(f"{name}: {title}, CPU of client and database", cpu, "ms"))
    return [*found, *_recalls(name, has_aims, scope, narrow, asked), *_agreement(name, scope, common), *_sizes(name)]


def _search(scope: Any, mode: str) -> Callable[[Question], Any]:
    from rag.search import hybrid
    from rag.search.hybrid import Options

    options = Options(filter=scope.filter, mode=mode)  # type: ignore[arg-type]
    return lambda question: hybrid.search(question.words, scope, options, [_vector(question)])


def _vector(question: Question) -> Any:
    from rag.search.query_vectors import QueryVector

    return QueryVector(MODEL, question.vector, -1.0)


def _times(search: Callable[[Question], Any], questions: Sequence[Question]) -> tuple[list[float], float]:
    """Milliseconds of each question, and the CPU milliseconds of one on average, in this process and in the database's:
    on a machine that others use, the CPU says what the clock does not. The first questions, which fill caches and make
    plans, are asked twice."""
    from django.db import connection

    for question in questions[:20]:
        search(question)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        processes = [psutil.Process(), psutil.Process(cursor.fetchone()[0])]
    before, took = _cpu_seconds(processes), list[float]()
    for question in questions:
        began = time.perf_counter()
        search(question)
        took.append(1000 * (time.perf_counter() - began))
    return took, 1000 * (_cpu_seconds(processes) - before) / len(questions)


def _cpu_seconds(processes: Sequence[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def _recalls(name: str, has_aims: bool, scope: Any, narrow: Any, asked: Sequence[Question]) -> list[Figure]:
    """Against looking at every vector."""
    from rag.search.ranking import rank

    def best(where: Any, question: Question, **bounds: int) -> set[int]:
        found = rank("", where, 50, [_vector(question)], **bounds).by_meaning[0]
        return {chunk_id for chunk_id, _ in found[:10]}

    def recall(where: Any, **bounds: int) -> float:
        shares = []
        for question in asked[:50]:
            exact = best(where, question, few=10**9)
            shares.append(len(exact & best(where, question, **bounds)) / len(exact))
        return sum(shares) / len(shares)

    found = []
    ways = {
        "recall@10": recall(scope),
        "recall@10, filtered to 5 %": recall(narrow),
        "recall@10, filtered to 5 %, by the index alone": recall(narrow, few=0),
    }
    for title, value in ways.items():
        aimed = has_aims and "alone" not in title
        label = f"{name}: {title}"
        found.append(Figure(label, value, "", "at least 0.95", value >= 0.95) if aimed else plain(label, value, ""))
    return found


def _agreement(name: str, scope: Any, common: Sequence[Question]) -> list[Figure]:
    """How much of the exact ten best by BM25 remains where common words are put off."""
    from rag.search.ranking import rank

    def best(question: Question, **bounds: int) -> set[int]:
        return {chunk_id for chunk_id, _ in rank(question.words, scope, 50, **bounds).by_words[:10]}

    shares = [len(best(each, most_postings=10**9) & best(each)) / 10 for each in common[:30]]
    return [plain(f"{name}: BM25's ten best, with stop words, found", sum(shares) / len(shares), "")]


def _sizes(name: str) -> list[Figure]:
    from django.db import connection

    found = []
    with connection.cursor() as cursor:
        for title, tables in SIZES.items():
            cursor.execute(
                "SELECT sum(pg_total_relation_size(name::regclass)) / 1048576.0 FROM unnest(%s::text[]) AS name",
                [list(tables)],
            )
            found.append(plain(f"{name}: size of {title}", float(cursor.fetchone()[0]), "MB"))
    return found
