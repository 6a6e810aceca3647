"""Who may manage a tenant's people, keys and rules. Pure: an actor in, an answer out."""

from __future__ import annotations

from collections.abc import Collection

from tenants.actors import ADMIN, OWNER, Actor


def may_manage_people(actor: Actor) -> bool:
    """Owners and admins manage members, keys and rules, and so does the system."""
    return actor.kind == "system" or (actor.kind == "member" and actor.has_role(OWNER, ADMIN))


def may_manage_holder_of(actor: Actor, roles: Collection[str]) -> bool:
    """True when the actor may give these roles, take them away, or act on somebody who holds them.

    Only an owner touches owners: an admin who could make itself an owner, or a key that acts for one, would be one.
    """
    if not may_manage_people(actor):
        return False
    return actor.kind == "system" or actor.has_role(OWNER) or OWNER not in roles
