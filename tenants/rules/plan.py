"""What the operator's plan lets a tenant have at all. It stands above the tenant's rules, which cannot widen it.

Runs and lists are held to it by ``tenants/budgets/plans.py``; here it is for what is explained and tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from tenants.budgets.in_force import MB, terms
from tenants.own_assistants import is_among
from tenants.rules.actions import RUN, SEE

OF_THE_PLAN = (SEE, RUN)
"""What a plan decides about. What was said with an assistant that left the plan can still be read."""

_IN_WORDS = {"requests_a_minute": "requests a minute", "tokens_a_month": "tokens a month"}


@dataclass(frozen=True, slots=True)
class PlanBounds:
    """A plan as decisions need it. None is every assistant, every model; ``limits`` and ``cost_a_month`` (US dollars)
    are for people to read."""

    name: str = ""
    assistants: frozenset[str] | None = None
    models: frozenset[str] | None = None
    limits: Mapping[str, int | None] = field(default_factory=dict)
    cost_a_month: Decimal | None = None

    def has(self, action: str, assistant_id: str) -> bool:
        """False where the plan forbids the action on this assistant."""
        bounded = self.assistants is not None and assistant_id and action in OF_THE_PLAN
        return not bounded or is_among(assistant_id, self.assistants or ())

    @property
    def limits_in_words(self) -> list[str]:
        """What is limited: "5 members", "$20.00 a month" ..."""
        said = [
            f"{limit:,} {_IN_WORDS.get(name, name)}"
            for name, limit in self.limits.items()
            if limit is not None and name != "storage"
        ]
        if (storage := self.limits.get("storage")) is not None:
            said.append(f"{storage / MB:,.0f} MB of documents")
        return said + ([f"${self.cost_a_month:,.2f} a month"] if self.cost_a_month is not None else [])


UNBOUNDED = PlanBounds()


def bounds_of_plan() -> PlanBounds:
    """The bounds of the current tenant's plan."""
    plan = terms().plan
    monthly = next((budget for budget in terms().budgets if budget.level == "plan"), None)
    limits = {
        "members": plan.members,
        "documents": plan.documents,
        "storage": plan.storage,
        "requests_a_minute": plan.requests_a_minute,
        "tokens_a_month": monthly.tokens if monthly else None,
    }
    cost = monthly.cost if monthly else None
    return PlanBounds(plan.name, plan.assistants or None, plan.models or None, limits, cost)
