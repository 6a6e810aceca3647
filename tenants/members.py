"""Members of the current tenant as actors."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef

from tenants.actors import Actor
from tenants.context import require_tenant
from tenants.models import User


def member_actor(user: User) -> Actor:
    """The actor that a member is. One query, for the roles, unless they were read with the user (``role_names``)."""
    return Actor(
        kind="member",
        tenant=require_tenant(),
        user_id=user.pk,
        roles=roles_of(user),
        label=user.get_username(),
    )


def roles_of(user: User | None) -> frozenset[str]:
    """The names of the member's groups."""
    if user is None:
        return frozenset()
    read_already = getattr(user, "role_names", None)
    return frozenset(user.groups.values_list("name", flat=True) if read_already is None else read_already)


def role_names(user_key: str) -> ArraySubquery:
    """The names of a member's groups as a part of another query; ``user_key`` is the member's key in that query."""
    return ArraySubquery(Group.objects.filter(user=OuterRef(user_key)).values("name"))
