"""Budgets in words, with how much of each is used: on the first page and on the page about usage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from assistants.tenant_assistants import names_here
from atrium.dashboards.cards import dollars, number
from tenants.budgets.left import BudgetLeft, budgets_left
from tenants.models import User

NEARLY = 80  # per cent


@dataclass(frozen=True, slots=True)
class Shown:
    """A budget as a bar: whose, how much of what is used, and when it starts anew."""

    name: str
    said: str
    per_cent: int
    tone: str
    resets_at: datetime

    @property
    def bar(self) -> int:
        """How far the bar goes: a run may use a little more than what was left."""
        return min(100, self.per_cent)


def shown_budgets(most: int | None = None) -> Sequence[Shown]:
    """The budgets that hold for the current tenant, those that are nearly used up in front."""
    left = budgets_left()[:most]
    members = User.objects.in_bulk([each.budget.member_id for each in left if each.budget.member_id is not None])
    return [_shown(each, members) for each in left]


def _shown(left: BudgetLeft, members: Mapping[int, User]) -> Shown:
    budget, parts = left.budget, []
    if budget.tokens is not None:
        parts.append(f"{number(left.tokens_used)} of {number(budget.tokens)} tokens")
    if budget.cost is not None:
        parts.append(f"{dollars(left.cost_used)} of {dollars(budget.cost)}")
    tone = "bad" if left.per_cent >= 100 else "near" if left.per_cent >= NEARLY else ""
    return Shown(_name(left, members), ", ".join(parts), left.per_cent, tone, left.resets_at)


def _name(left: BudgetLeft, members: Mapping[int, User]) -> str:
    budget = left.budget
    every = "a day" if budget.period == "day" else "a month"
    match budget.level:
        case "assistant":
            return f"{names_here().get(budget.assistant_id, budget.assistant_id)}, {every}"
        case "member":
            member = members.get(budget.member_id) if budget.member_id is not None else None
            return f"{member.display_name if member else 'A member'}, {every}"
        case "each_member":
            return f"Each member, {every} (who has used most)"
        case "site":
            return f"The site {budget.site_id}, {every}"
        case "each_site":
            return f"Each site, {every} (where most was used)"
        case "plan":
            return f"The plan, {every}"
        case "operator":
            return f"Set by the operators, {every}"
    return f"Everyone together, {every}"
