"""500 streams in one server process, and what a run costs beside the model: `make bench-runs`.

    python -m benchmarks.runs [--streams 500] [--tokens 84] [--interval 0.5] [--ramp 40] [--pool 20] [--only overhead]

500 answers of 42 seconds begin within 40: so many are open at once, and new ones come a little faster than such
answers end (12.5 and 11.9 a second). ``--ramp 30`` is harder than any 500 such streams that go on and on.

Server, model, clients and PostgreSQL share the machine, perhaps with others: the load average is printed beside.
Writes build/bench/runs.json; ends with 1 when an aim was missed.
"""

from __future__ import annotations

import argparse
import json
import sys

from benchmarks.peer_report import Figure
from benchmarks.runs import overhead, streams
from benchmarks.streams import plain
from tests.subprocesses import ROOT

OUT = ROOT / "build" / "bench" / "runs.json"
PARTS = ("overhead", "streams")


def main() -> None:
    """Measure, print, write."""
    options = _options()
    found: list[Figure] = []
    remarks: list[str] = []
    if "overhead" in options.only:
        before = overhead.load()
        found += [*overhead.measure(), plain("load average before it", before, "")]
    if "streams" in options.only:
        before = overhead.load()
        figures, remarks = streams.measure(options)
        found += [*figures, plain("load average before the streams", before, "")]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps([figure.as_json() for figure in found], indent=1) + "\n")
    print("", *map(str, found), *remarks, f"\nwritten: {OUT.relative_to(ROOT)}", sep="\n")
    sys.exit(0 if all(figure.holds for figure in found) else 1)


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="bench-runs")
    options.add_argument("--streams", type=int, default=500)
    options.add_argument("--tokens", type=int, default=84, help="of one answer")
    options.add_argument("--interval", type=float, default=0.5, help="seconds between two tokens")
    options.add_argument("--ramp", type=float, default=40.0, help="seconds over which the streams begin")
    options.add_argument("--pool", type=int, default=20, help="ATRIUM_DATABASE_POOL_MAX")
    options.add_argument("--only", choices=PARTS, nargs="+", default=PARTS)
    return options.parse_args()


if __name__ == "__main__":
    main()
