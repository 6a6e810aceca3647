"""Who may manage a tenant's people, keys and rules. Pure: an actor in, an answer out."""

from __future__ import annotations

from collections.abc import Collection

from tenants.actors import ADMIN, OWNER, Actor
from tenants.scopes import ADMIN_SCOPE


def may_manage_people(actor: Actor) -> bool:
    """Owners and admins manage members, keys and rules, and so does the system.

    So does a key that acts for one of them, if it has the scope for it.
    """
    if actor.kind == "api_key" and ADMIN_SCOPE not in (actor.scopes or ()):
        return False
    return actor.kind == "system" or (actor.kind in ("member", "api_key") and actor.has_role(OWNER, ADMIN))


def may_manage_holder_of(actor: Actor, roles: Collection[str]) -> bool:
    """True when the actor may give these roles, take them away, or act on somebody who holds them.

    Only an owner touches owners: an admin who could make itself an owner, or a key that acts for one, would be one. A
    key never does, whomever it acts for: one that was stolen must not make itself a successor.
    """
    if not may_manage_people(actor):
        return False
    return actor.kind == "system" or OWNER not in roles or (actor.kind == "member" and actor.has_role(OWNER))
