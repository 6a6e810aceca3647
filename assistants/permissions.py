"""Which assistants an actor may see and run: the tenant's access rules answer."""

from __future__ import annotations

from assistants.assistants import AIAssistant
from assistants.exceptions import AIUserNotAllowedError
from tenants.actors import Actor
from tenants.rules.decide import Decision
from tenants.rules.store import decide_use, usable


def check_may_run(actor: Actor, assistant_id: str) -> Decision:
    """The decision that lets the actor run the assistant. Raises ``AIUserNotAllowedError``."""
    decision = decide_use(actor, assistant_id)
    if not decision.allowed:
        raise AIUserNotAllowedError("No access rule allows you to use this assistant.", code="assistant_not_allowed")
    return decision


def visible_assistants(actor: Actor) -> list[type[AIAssistant]]:
    """The assistants that the actor may see, by name."""
    registry = AIAssistant.get_cls_registry()
    allowed = usable(actor, registry)
    return sorted((registry[name] for name in allowed), key=lambda cls: (cls.name, cls.id))
