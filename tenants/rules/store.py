"""The current tenant's rules, as the decision needs them."""

from __future__ import annotations

from collections.abc import Iterable

from tenants.actors import Actor
from tenants.models import AccessRule
from tenants.rules.decide import Decision, Rule, decide


def rules_in_force() -> list[Rule]:
    """The enabled rules of the current tenant: one query."""
    rows = AccessRule.objects.filter(enabled=True).select_related("role")
    return [
        Rule(
            id=row.pk,
            effect="deny" if row.effect == AccessRule.Effect.DENY else "allow",
            assistant_id=row.assistant_id,
            role=row.role.name if row.role else None,
            member_id=row.member_id,
        )
        for row in rows
    ]


def decide_use(actor: Actor, assistant_id: str) -> Decision:
    """May the actor see and run this assistant?"""
    return decide(rules_in_force(), actor, assistant_id)


def usable(actor: Actor, assistant_ids: Iterable[str]) -> set[str]:
    """Those of the assistants that the actor may see and run, from one read of the rules."""
    rules = rules_in_force()
    return {name for name in assistant_ids if decide(rules, actor, name).allowed}
