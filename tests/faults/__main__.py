"""Faults by the hundred, with real processes: `make faults`.

    python -m tests.faults [--count 200] [--seed N] [--only "model cut"] [--keep-going]

Kinds of fault take turns; moments, victims and orders are drawn by chance from the seed, which is printed. Writes
build/faults/outcomes.json and build/faults/outcomes.md after every round, and ends with 1 when anything was wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.faults import deployment as deployments
from tests.faults.deployment import Deployment
from tests.faults.kinds import KINDS
from tests.faults.report import table
from tests.faults.rounds import Outcome, play
from tests.subprocesses import ROOT

OUT = ROOT / "build" / "faults"


def main() -> None:
    """Play all rounds, report each."""
    given = _options()
    seed = given.seed if given.seed is not None else secrets.randbelow(10**6)
    say(f"seed {seed}, {given.count} faults")
    folder = Path(tempfile.mkdtemp(prefix="atrium-faults-logs-"))
    with deployments.running(folder) as deployment:
        outcomes = asyncio.run(_play(deployment, given, seed))
    say(f"\n{table(outcomes)}")
    wrong = [text for outcome in outcomes for text in outcome.wrong]
    say(f"written: {OUT.relative_to(ROOT)}/outcomes.json and .md; logs of the processes: {folder}")
    sys.exit(1 if wrong else 0)


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="faults")
    options.add_argument("--count", type=int, default=200)
    options.add_argument("--seed", type=int, help="drawn by chance where none is given")
    options.add_argument("--only", choices=[kind.name for kind in KINDS], action="append", help="may be given again")
    options.add_argument("--first", type=int, default=0, help="the number of the first round: to go on with a seed")
    return options.parse_args()


async def _play(deployment: Deployment, given: argparse.Namespace, seed: int) -> list[Outcome]:
    kinds = [kind for kind in KINDS if not given.only or kind.name in given.only]
    outcomes: list[Outcome] = []
    for number in range(given.first, given.first + given.count):
        outcome = await play(deployment, kinds[number % len(kinds)], number, seed)
        outcomes.append(outcome)
        _write(outcomes, seed)
        ended = ", ".join(f"{count} {how}" for how, count in outcome.outcomes.items())
        say(f"{number:>4} {outcome.kind:<26}{outcome.ended_after:>6.1f} s  {ended}")
        for text in outcome.wrong:
            say(f"     ! {text}")
    return outcomes


def say(text: str) -> None:
    """A line, at once: a round takes seconds."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _write(outcomes: list[Outcome], seed: int) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    facts = {"seed": seed, "at": datetime.now(UTC).isoformat(timespec="seconds"), "load": os.getloadavg()[0]}
    found = {**facts, "rounds": [outcome.as_json() for outcome in outcomes]}
    (OUT / "outcomes.json").write_text(json.dumps(found, indent=1) + "\n")
    (OUT / "outcomes.md").write_text(table(outcomes))


if __name__ == "__main__":
    main()
