"""The limits of access rules at the beginning of a run: tokens a day as budgets, runs a minute as buckets. Pure.

Each rule that allows a run and has a limit counts that run, for each person by itself. So the smallest limit holds,
and none is lifted by a rule without one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tenants.budgets.lines import BudgetInForce, Line, RunFacts
from tenants.rules.decide import Rule


@dataclass(frozen=True, slots=True)
class RunRate:
    """A bucket of one person's runs that one rule lets begin in a minute."""

    rule_id: int
    person: str
    runs_a_minute: int

    def as_json(self) -> dict[str, Any]:
        """As the database's functions take it."""
        return {"key": f"rule:{self.rule_id}:{self.person}", "limit": self.runs_a_minute}


def token_limits(rules: Iterable[Rule]) -> list[BudgetInForce]:
    """The rules' tokens a day, as budgets that each person has by itself."""
    return [
        BudgetInForce("rule", f"rule:{rule.id}", "day", rule.limits.tokens_per_day)
        for rule in rules
        if rule.limits.tokens_per_day is not None
    ]


def run_rates(rules: Iterable[Rule], run: RunFacts) -> Sequence[RunRate]:
    """The rules' runs a minute, in the order in which all transactions lock their buckets."""
    if not run.counted_as:
        return ()
    limited = sorted((rule for rule in rules if rule.limits.runs_per_minute is not None), key=lambda rule: rule.id)
    return [RunRate(rule.id, run.counted_as, rule.limits.runs_per_minute or 0) for rule in limited]


def rule_of(line: Line) -> int:
    """The rule whose tokens a day the line counts."""
    return int(line.budget.partition(":")[2])
