"""What the operator's plan lets a tenant have at all. It stands above the tenant's rules, which cannot widen it.

Runs and lists are held to it by ``tenants/budgets/plans.py``; here it is for what is explained and tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tenants.budgets.in_force import terms
from tenants.own_assistants import is_among
from tenants.rules.actions import RUN, SEE

OF_THE_PLAN = (SEE, RUN)
"""What a plan decides about. What was said with an assistant that left the plan can still be read."""


@dataclass(frozen=True, slots=True)
class PlanBounds:
    """A plan as decisions need it. None is every assistant, every model; ``limits`` are for people to read."""

    name: str = ""
    assistants: frozenset[str] | None = None
    models: frozenset[str] | None = None
    limits: Mapping[str, int | None] = field(default_factory=dict)

    def has(self, action: str, assistant_id: str) -> bool:
        """False where the plan forbids the action on this assistant."""
        bounded = self.assistants is not None and assistant_id and action in OF_THE_PLAN
        return not bounded or is_among(assistant_id, self.assistants or ())


UNBOUNDED = PlanBounds()


def bounds_of_plan() -> PlanBounds:
    """The bounds of the current tenant's plan."""
    plan = terms().plan
    limits = {
        "members": plan.members,
        "documents": plan.documents,
        "storage": plan.storage,
        "requests_a_minute": plan.requests_a_minute,
    }
    return PlanBounds(plan.name, plan.assistants or None, plan.models or None, limits)
