"""Retrieval measured: a judged collection, 100,000 synthetic chunks, growth, the peer, ingestion. `make bench-rag`.

    python -m benchmarks.rag [--sizes 1000 10000 100000] [--questions 100] [--only cranfield speed]
                             [--cranfield FOLDER] [--peer-python PATH] [--pages 2000]

``--sizes 1000 10000 100000 300000`` shows the growth further and takes about four minutes more. Everything shares the
machine, perhaps with others: the load average is printed beside. Writes build/bench/rag.json; ends with 1 when an aim
was missed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from benchmarks.peer_report import Figure
from benchmarks.rag.deployment import deployment
from benchmarks.streams import plain
from tests.subprocesses import ROOT

OUT = ROOT / "build" / "bench" / "rag.json"
CRANFIELD = ROOT.parent / "shared" / "data" / "cranfield"
PEER_PYTHON = ROOT / "build" / "bench" / "langchain-postgres" / "bin" / "python"
PARTS = ("cranfield", "speed", "peer", "ingestion")


def main() -> None:
    """Measure, print, write."""
    options = _options()
    found: list[Figure] = []
    with deployment() as url:
        options.database = url
        for part in options.only:
            before = os.getloadavg()[0]
            for figure in [*_measured(part, options), plain(f"load average before: {part}", before, "")]:
                print(figure, flush=True)
                found.append(figure)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps([figure.as_json() for figure in found], indent=1) + "\n")
    print(f"\nwritten: {OUT.relative_to(ROOT)}")
    sys.exit(0 if all(figure.holds for figure in found) else 1)


def _measured(part: str, options: argparse.Namespace) -> list[Figure]:
    if part == "cranfield":
        from benchmarks.rag.cranfield import measure
    elif part == "speed":
        from benchmarks.rag.speed import measure
    elif part == "peer":
        from benchmarks.rag.peer import measure
    else:
        from benchmarks.rag.ingestion import measure
    return measure(options)


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="bench-rag")
    options.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000], help="chunks, growing")
    options.add_argument("--questions", type=int, default=100, help="of each measurement of time")
    options.add_argument("--cranfield", type=Path, default=CRANFIELD, help="the judged collection's folder")
    options.add_argument("--peer-python", type=Path, default=PEER_PYTHON, help="where langchain-postgres is installed")
    options.add_argument("--pages", type=int, default=2_000, help="real ones, for the ingestion")
    options.add_argument("--only", choices=PARTS, nargs="+", default=PARTS)
    return options.parse_args()


if __name__ == "__main__":
    main()
