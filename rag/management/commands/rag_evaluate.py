"""Measure the search on judged collections in BEIR's file layout, several configurations side by side."""

from __future__ import annotations

import json
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from rag.evaluation.beir import read_collection
from rag.evaluation.evaluate import Result, Setup, Splitting, evaluate
from tenants.errors import AtriumError

MODES = ("words", "meaning", "hybrid")


class Command(BaseCommand):
    """``manage.py rag_evaluate FOLDER...``. Everything happens in a tenant that is made for it and removed."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What is compared."""
        parser.add_argument("folders", nargs="+", type=Path, help="corpus.jsonl, queries.jsonl and qrels/test.tsv")
        parser.add_argument("--modes", nargs="+", choices=MODES, default=MODES, help="by what is ranked")
        parser.add_argument(
            "--chunks",
            nargs="+",
            type=_splitting,
            default=[Splitting()],
            metavar="LENGTH/OVERLAP",
            help=f"of chunks, in tokens ({Splitting()})",
        )
        parser.add_argument("--language", default="english", help="PostgreSQL's text-search configuration")
        parser.add_argument("--model", default="", help="embedding model; without it, that of new collections")
        parser.add_argument("-k", type=int, default=10, help="documents of a ranking that count (10)")
        parser.add_argument("--json", action="store_true", help="one JSON object a line, for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Measure and print."""
        if not 1 <= options["k"] <= 100:
            raise CommandError("-k is from 1 to 100.")
        setup = Setup(options["chunks"], options["modes"], options["language"], options["model"], options["k"])
        tell = self.stderr.write if options["verbosity"] else (lambda line: None)
        try:
            for folder in options["folders"]:
                for place, result in enumerate(evaluate(read_collection(folder), setup, tell)):
                    self._show(result, options["json"], is_first=place == 0)
        except AtriumError as error:
            raise CommandError(error.detail) from error

    def _show(self, result: Result, as_json: bool, is_first: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(result.as_json()))
            return
        if is_first:
            self.stdout.write(f"\n{result.collection}: {result.questions} questions, {result.chunks} chunks")
            at_k = [f"nDCG@{result.k}", f"recall@{result.k}", f"MRR@{result.k}", "p50 ms", "p95 ms"]
            self.stdout.write(f"{'chunks':<10}{'ranked by':<10}" + "".join(f"{title:>12}" for title in at_k))
        figures = [f"{each:>12.4f}" for each in (result.ndcg, result.recall, result.mrr)]
        times = [f"{each:>12.1f}" for each in (result.p50_ms, result.p95_ms)]
        self.stdout.write(f"{result.splitting:<10}{result.mode:<10}" + "".join([*figures, *times]))


def _splitting(text: str) -> Splitting:
    try:
        target, _, overlap = text.partition("/")
        splitting = Splitting(int(target), int(overlap or 0))
    except ValueError as error:
        raise ArgumentTypeError("a length and an overlap are expected, as in 220/40") from error
    if not 20 <= splitting.target_tokens <= 4000 or not 0 <= splitting.overlap_tokens < splitting.target_tokens:
        raise ArgumentTypeError("a length from 20 to 4000 and an overlap that is less are expected")
    return splitting
