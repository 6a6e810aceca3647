"""How much of the current tenant's budgets is used, for people who look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from tenants.budgets.in_force import terms
from tenants.budgets.lines import BudgetInForce
from tenants.budgets.periods import period_at
from tenants.context import public_context, require_tenant
from tenants.models import BudgetCounter


@dataclass(frozen=True, slots=True)
class Used:
    """What of a budget is used in the current period: rounded down, in per cent of what is used up first."""

    per_cent: int


@dataclass(frozen=True, slots=True)
class BudgetLeft:
    """A budget that holds now, and what of it is used. Limits are None where there is none; dollars are US dollars.

    Where each member has the budget by itself, what is used is that of the member who has used most.
    """

    budget: BudgetInForce
    tokens_used: int
    cost_used: Decimal
    per_cent: int
    resets_at: datetime


def used_of_own() -> Mapping[int, Used]:
    """By the key of the tenant's own budgets. Where each member has one, it is that of the one who has used most.
    Two queries at most, however many there are."""
    found: dict[int, int] = {}
    for row in _counters():
        if row.budget.startswith("own:"):
            key = int(row.budget.partition(":")[2])
            found[key] = max(found.get(key, 0), _per_cent(row))
    return {key: Used(per_cent) for key, per_cent in found.items()}


def budgets_left() -> Sequence[BudgetLeft]:
    """The budgets that hold for the current tenant, those that are used up first in front. What all tenants share is
    left out: what the others use is nothing of this one's."""
    counters: dict[str, list[BudgetCounter]] = defaultdict(list)
    for row in _counters():
        counters[row.budget].append(row)
    now = timezone.now()
    theirs = [budget for budget in terms().budgets if budget.level != "platform"]
    found = [_left(budget, counters[budget.key], now) for budget in theirs]
    return sorted(found, key=lambda each: (-each.per_cent, each.budget.key))


def _counters() -> Sequence[BudgetCounter]:
    schema_name, now = require_tenant().schema_name, timezone.now()
    with public_context():
        return list(BudgetCounter.objects.filter(schema_name=schema_name, starts_at__lte=now, ends_at__gt=now))


def _left(budget: BudgetInForce, rows: Iterable[BudgetCounter], now: datetime) -> BudgetLeft:
    """Parts of one budget add up; of what each member has, the most counts."""
    of_subject: dict[str, tuple[int, Decimal]] = {}
    for row in rows:
        tokens, cost = of_subject.get(row.subject, (0, Decimal(0)))
        of_subject[row.subject] = (tokens + row.tokens_used, cost + row.cost_used)
    shares = [(_share(budget, *used), used) for used in of_subject.values()]
    per_cent, (tokens, cost) = max(shares, default=(0, (0, Decimal(0))))
    return BudgetLeft(budget, tokens, cost, per_cent, period_at(budget.period, now).ends_at)


def _share(budget: BudgetInForce, tokens: int, cost: Decimal) -> int:
    parts = [0]
    if budget.tokens:
        parts.append(tokens * 100 // budget.tokens)
    if budget.cost:
        parts.append(int(cost * 100 / budget.cost))
    return max(parts)


def _per_cent(row: BudgetCounter) -> int:
    parts = [0]
    if row.tokens_limit:
        parts.append(row.tokens_used * 100 // row.tokens_limit)
    if row.cost_limit:
        parts.append(int(row.cost_used * 100 / row.cost_limit))
    return max(parts)
