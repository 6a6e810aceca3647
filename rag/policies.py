"""Who may change a tenant's knowledge. Pure: an actor in, an answer out. Who may read it, its access rules say."""

from __future__ import annotations

from tenants.actors import ADMIN, EDITOR, OWNER, Actor


def may_write_collections(actor: Actor) -> bool:
    """Owners, admins and editors write, and the system; an API key as far as the member it acts for."""
    return actor.kind == "system" or (actor.is_signed_in and actor.has_role(OWNER, ADMIN, EDITOR))
