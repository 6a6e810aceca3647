"""Access rules, changed without a form."""

from __future__ import annotations

from tenants.actors import Actor
from tenants.audit import recorded
from tenants.errors import NotAllowed
from tenants.models import AccessRule
from tenants.policies import may_manage_people


def enable_rule(actor: Actor, rule: AccessRule, *, enabled: bool) -> None:
    """Let a rule decide, or leave it out of decisions. Raises ``NotAllowed``."""
    if not may_manage_people(actor):
        raise NotAllowed("Owners and admins manage rules.")
    if rule.enabled == enabled:
        return
    with recorded(rule, "access_rule.changed", by=actor):
        rule.enabled = enabled
        rule.save(update_fields=["enabled"])
