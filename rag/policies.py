"""Who may do what with a tenant's knowledge. Pure: an actor in, an answer out."""

from __future__ import annotations

from tenants.actors import ADMIN, EDITOR, OWNER, Actor


def may_read_collections(actor: Actor) -> bool:
    """Members and API keys of the tenant read all of its collections; a visitor reads none by itself."""
    return actor.is_signed_in


def may_write_collections(actor: Actor) -> bool:
    """Owners, admins and editors write, and the system; an API key as far as the member it acts for."""
    return actor.kind == "system" or (actor.is_signed_in and actor.has_role(OWNER, ADMIN, EDITOR))
