"""Members of the current tenant as actors."""

from __future__ import annotations

from tenants.actors import Actor
from tenants.context import require_tenant
from tenants.models import User


def member_actor(user: User) -> Actor:
    """The actor that a member is. One query, for the roles."""
    return Actor(
        kind="member",
        tenant=require_tenant(),
        user_id=user.pk,
        roles=roles_of(user),
        label=user.get_username(),
    )


def roles_of(user: User | None) -> frozenset[str]:
    """The names of the member's groups."""
    return frozenset(user.groups.values_list("name", flat=True)) if user else frozenset()
