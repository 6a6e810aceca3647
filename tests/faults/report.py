"""The rounds' outcomes as a table: by kind of fault, how runs ended. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tests.faults.kinds import KINDS
from tests.faults.rounds import Outcome

HEAD = ("fault", "rounds", "how the runs ended", "longest until all had ended", "wrong")


def table(outcomes: Sequence[Outcome]) -> str:
    """Markdown."""
    rows = [HEAD, ("---", "--:", "---", "--:", "--:"), *(_row(kind.name, outcomes) for kind in KINDS)]
    rows.append(_sum("all", outcomes))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows if row) + "\n"


def _row(name: str, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    of_kind = [outcome for outcome in outcomes if outcome.kind == name]
    return _sum(name, of_kind) if of_kind else ()


def _sum(name: str, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    ended: Counter[str] = Counter()
    for outcome in outcomes:
        ended.update(outcome.outcomes)
    said = ", ".join(f"{count} {how}" for how, count in ended.most_common())
    longest = max((outcome.ended_after for outcome in outcomes), default=0.0)
    wrong = sum(len(outcome.wrong) for outcome in outcomes)
    return name, str(len(outcomes)), said, f"{longest:.1f} s", str(wrong)
