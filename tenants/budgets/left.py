"""How much of the current tenant's budgets is used, for people who look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils import timezone

from tenants.context import public_context, require_tenant
from tenants.models import BudgetCounter


@dataclass(frozen=True, slots=True)
class Used:
    """What of a budget is used in the current period: rounded down, in per cent of what is used up first."""

    per_cent: int


def used_of_own() -> Mapping[int, Used]:
    """By the key of the tenant's own budgets. Where each member has one, it is that of the one who has used most.
    Two queries at most, however many there are."""
    schema_name, now = require_tenant().schema_name, timezone.now()
    with public_context():
        rows = list(
            BudgetCounter.objects.filter(
                schema_name=schema_name, budget__startswith="own:", starts_at__lte=now, ends_at__gt=now
            )
        )
    found: dict[int, int] = {}
    for row in rows:
        key = int(row.budget.partition(":")[2])
        found[key] = max(found.get(key, 0), _per_cent(row))
    return {key: Used(per_cent) for key, per_cent in found.items()}


def _per_cent(row: BudgetCounter) -> int:
    parts = [0]
    if row.tokens_limit:
        parts.append(row.tokens_used * 100 // row.tokens_limit)
    if row.cost_limit:
        parts.append(int(row.cost_used * 100 / row.cost_limit))
    return max(parts)
