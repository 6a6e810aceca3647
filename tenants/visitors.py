"""Visitors of the current tenant's sites as actors."""

from __future__ import annotations

from tenants.actors import Actor
from tenants.context import require_tenant
from tenants.models import Visitor
from tenants.scopes import VISITORS


def visitor_actor(visitor: Visitor, assistant_id: str) -> Actor:
    """The actor that a visitor is: it reaches its site's assistant and no other, and what the access rules allow."""
    return Actor(
        kind="visitor",
        tenant=require_tenant(),
        label=str(visitor),
        scopes=VISITORS,
        assistants=frozenset({assistant_id}),
        site_id=visitor.site_id,
        identified=visitor.is_identified,
        visitor_id=visitor.pk,
    )
