"""Each tenant's rules, kept in the process for as long as it hears of changes (``tenants/kept_by_tenant.py``).

A trigger on the tables that decisions rest on notifies ``CHANNEL`` (tenants/migrations).
"""

from __future__ import annotations

from django.db.models.signals import m2m_changed, post_delete, post_save

from tenants.actors import Actor
from tenants.kept_by_tenant import KeptByTenant
from tenants.rules.decide import Decision
from tenants.rules.rule_set import RuleSet

CHANNEL = "atrium_rules"


class RuleBook(KeptByTenant[RuleSet]):
    """Tenant -> rules, for this process. ``read`` reads the current tenant's."""

    def rules(self) -> RuleSet:
        """The current tenant's rules, as they are now. A query, unless they are kept. Raises ``NoTenant``."""
        return self.now()

    async def arules(self) -> RuleSet:
        """``rules`` from the event loop."""
        return await self.anow()


def _read() -> RuleSet:
    from tenants.rules.store import read_rules

    return read_rules()


rule_book = RuleBook(_read)


def decide_now(actor: Actor, action: str, assistant_id: str = "", resource: str = "") -> Decision:
    """May the actor do this, by the rules of the current tenant as they are now?"""
    return rule_book.rules().decide(actor, action, assistant_id, resource)


def connect_signals() -> None:
    """Forget a tenant's rules when this process changes them."""
    from django.contrib.auth.models import Group

    from tenants.models import AccessRule, MemberGroup, User

    for model in (AccessRule, Group, MemberGroup):  # operators have groups, too, and no rules
        for signal in (post_save, post_delete):
            named = f"atrium-rules-{model.__name__}-{id(signal)}"
            signal.connect(rule_book.changed_here, sender=model, dispatch_uid=named)
    m2m_changed.connect(rule_book.changed_here, sender=User.groups.through, dispatch_uid="atrium-rules-membership")
