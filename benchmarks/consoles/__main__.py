"""Both consoles over lists of 100,000 rows: the slowest statement of every page. `make bench-consoles`.

    python -m benchmarks.consoles [--rows 100000] [--tenants 1000] [--visits 3] [--only threads ...] [--explain]

Everything shares the machine, perhaps with others: of each statement the quickest of several visits counts.
``--explain`` prints PostgreSQL's plan of every statement that misses the aim. Writes build/bench/consoles.json; ends
with 1 when an aim was missed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time

from benchmarks.rag.deployment import deployment
from benchmarks.streams import plain
from tests.subprocesses import ROOT

OUT = ROOT / "build" / "bench" / "consoles.json"
AIM = 50.0  # milliseconds of one statement


def main() -> None:
    """Measure, print, write."""
    given = _options()
    found = [plain("load average before", os.getloadavg()[0], "")]
    with deployment():
        from benchmarks.consoles.rows import analyze
        from benchmarks.consoles.seed import seed

        began = time.perf_counter()
        seeded = seed(given.rows, given.tenants)
        analyze()
        found.append(plain(f"{given.rows:,} rows of each kind made", time.perf_counter() - began, "s"))
        print(*found, sep="\n", flush=True)
        from benchmarks.consoles.walk import walk

        for figure in walk(seeded, given.visits, AIM, given.only, given.explain):
            print(figure, flush=True)
            found.append(figure)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps([figure.as_json() for figure in found], indent=1) + "\n")
    print(f"\nwritten: {OUT.relative_to(ROOT)}")
    missed = sum(not figure.holds for figure in found)
    print(f"{len(found)} figures, {missed} miss their aim")
    sys.exit(1 if missed else 0)


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="bench-consoles")
    options.add_argument("--rows", type=int, default=100_000, help="of each list that grows with use")
    options.add_argument("--tenants", type=int, default=1_000, help="on the operators' console")
    options.add_argument("--visits", type=int, default=3, help="of each page")
    options.add_argument("--only", nargs="+", default=[], help="lists, by their names: threads, documents ...")
    options.add_argument("--explain", action="store_true", help="print the plans of statements that miss the aim")
    return options.parse_args()


if __name__ == "__main__":
    main()
