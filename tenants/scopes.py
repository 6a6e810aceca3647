"""What an API key may be used for. Each operation of the API declares the one scope that it needs."""

from __future__ import annotations

from collections.abc import Iterable

from tenants.actors import Actor
from tenants.errors import InvalidInput, NotAllowed

CHAT = "chat"
THREADS_READ, THREADS_WRITE = "threads:read", "threads:write"
DOCUMENTS_READ, DOCUMENTS_WRITE = "documents:read", "documents:write"
ADMIN_SCOPE = "admin"

SCOPES: dict[str, str] = {
    CHAT: "See the assistants, begin conversations, ask and follow answers",
    THREADS_READ: "Read conversations and their runs",
    THREADS_WRITE: "Change and delete conversations, delete messages",
    DOCUMENTS_READ: "Search and read collections and documents",
    DOCUMENTS_WRITE: "Add, change and delete documents and collections",
    ADMIN_SCOPE: "Manage members, keys, assistants and model providers, as far as the member it acts for may",
}
"""Each scope, and what it is for in words."""

ORDINARY: frozenset[str] = frozenset(SCOPES) - {ADMIN_SCOPE}
"""What a key can be used for unless it was limited: everything but administration, which is asked for by name."""


VISITORS: frozenset[str] = frozenset({CHAT, THREADS_READ, THREADS_WRITE})
"""What a visitor of an embedded chat can be allowed at the most: its own conversations."""


class ScopeMissing(NotAllowed):
    """This API key was not made for this."""

    code = "scope_missing"

    def __init__(self, *missing: str) -> None:
        names = ", ".join(f"`{name}`" for name in missing)
        super().__init__(f"This API key lacks the scope {names}. Use a key that has it.", scope=" ".join(missing))


class NotForVisitors(NotAllowed):
    """Visitors of an embedded chat have their own conversations, and nothing else."""

    code = "not_for_visitors"


def ordinary_scopes() -> list[str]:
    """The scopes of a key for which nothing else was said, in their order."""
    return [scope for scope in SCOPES if scope in ORDINARY]


def check_scope(actor: Actor, needed: Iterable[str]) -> None:
    """Raises ``ScopeMissing`` where the actor is a key without one of the scopes, and ``NotForVisitors`` for a visitor.
    Members have all that they may do."""
    if actor.scopes is None:
        return
    missing = [scope for scope in SCOPES if scope in set(needed) - actor.scopes]
    if missing:
        raise NotForVisitors if actor.kind == "visitor" else ScopeMissing(*missing)


def known_scopes(names: Iterable[str]) -> list[str]:
    """The scopes in their order, each once. Raises ``InvalidInput`` for one that does not exist, and for none."""
    chosen = set(names)
    unknown = sorted(chosen - set(SCOPES))
    if unknown:
        raise InvalidInput(f"There is no scope {unknown[0]}. There are {', '.join(SCOPES)}.", field="scopes")
    if not chosen:
        raise InvalidInput("Choose at least one scope: without one the key could do nothing.", field="scopes")
    return [scope for scope in SCOPES if scope in chosen]
