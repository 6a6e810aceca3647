"""Who is acting: a member, an API key, a visitor or the system, always inside one tenant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal

from tenants.context import TenantRef

ActorKind = Literal["member", "api_key", "visitor", "system"]

OWNER, ADMIN, EDITOR, MEMBER = "Owner", "Admin", "Editor", "Member"
ROLES = (OWNER, ADMIN, EDITOR, MEMBER)
CONSOLE_ROLES = frozenset({OWNER, ADMIN, EDITOR})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, for which tenant. ``user_id`` is the member, also behind an API key that acts for one.

    ``roles`` are the names of the Django groups that the member is in; ``label`` is for logs and screens. An API key
    may be limited to ``scopes`` (``tenants/scopes.py``) and to some ``assistants``, by id; None is no limit. A visitor
    is, too. It has the ``site_id`` of the embedded chat that it came through and a ``visitor_id``, and is
    ``identified`` where the site vouches for it: then it may have ``attributes`` (names and texts, by name).
    """

    kind: ActorKind
    tenant: TenantRef
    user_id: int | None = None
    api_key_id: int | None = None
    roles: frozenset[str] = field(default_factory=frozenset)
    label: str = ""
    scopes: frozenset[str] | None = None
    assistants: frozenset[str] | None = None
    site_id: str | None = None
    identified: bool = False
    visitor_id: int | None = None
    attributes: tuple[tuple[str, str], ...] = ()

    @property
    def is_signed_in(self) -> bool:
        """Members and keys are; a visitor of an embedded chat is not."""
        return self.kind in ("member", "api_key", "system")

    def has_role(self, *names: str) -> bool:
        """True when the actor holds one of the roles."""
        return not self.roles.isdisjoint(names)

    def attribute(self, name: str) -> str:
        """What the site's server has said of a visitor under this name; "" where it said nothing."""
        return dict(self.attributes).get(name, "")

    def reaches(self, assistant_id: str) -> bool:
        """False for a key or a site that was made for other assistants; else the access rules decide."""
        return self.assistants is None or assistant_id in self.assistants


_acting: ContextVar[Actor | None] = ContextVar("atrium_actor", default=None)


def acting_actor() -> Actor | None:
    """Who the running work is done for, where it is known: inside a run."""
    return _acting.get()


@contextmanager
def acting_as(actor: Actor) -> Iterator[Actor]:
    """Work for ``actor`` inside the block: assistants that call one another all act for the one who asked."""
    token = _acting.set(actor)
    try:
        yield actor
    finally:
        _acting.reset(token)
