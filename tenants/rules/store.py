"""The current tenant's rules, as the decision needs them."""

from __future__ import annotations

from collections.abc import Iterable

from tenants.actors import Actor
from tenants.models import AccessRule
from tenants.prepared import Prepared
from tenants.rules.decide import Decision, Rule, decide

_ENABLED: Prepared[AccessRule] = Prepared(
    lambda: AccessRule.objects.filter(enabled=True).values_list(  # type: ignore[arg-type,return-value]  # asked by rows()
        "pk", "effect", "assistant_id", "role__name", "member_id"
    )
)


def rules_in_force() -> list[Rule]:
    """The enabled rules of the current tenant, as they are now: one query."""
    return [
        Rule(key, "deny" if effect == AccessRule.Effect.DENY else "allow", assistant_id, role, member_id)
        for key, effect, assistant_id, role, member_id in _ENABLED.rows()
    ]


def decide_use(actor: Actor, assistant_id: str) -> Decision:
    """May the actor see and run this assistant?"""
    return decide(rules_in_force(), actor, assistant_id)


def usable(actor: Actor, assistant_ids: Iterable[str]) -> set[str]:
    """Those of the assistants that the actor may see and run, from one read of the rules."""
    rules = rules_in_force()
    return {name for name in assistant_ids if decide(rules, actor, name).allowed}
