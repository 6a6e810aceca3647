"""Operators as those who act on the public host: whoever may sign in to the operators' console."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from tenants.errors import NotAllowed
from tenants.models import User

Verb = Literal["view", "add", "change", "delete"]
_VERBS: tuple[Verb, ...] = ("view", "add", "change", "delete")


@dataclass(frozen=True, slots=True)
class Operator:
    """Who acts, and what it may do with tenants (Django's permissions on them, as in the console)."""

    user_id: int
    label: str
    verbs: frozenset[str] = field(default_factory=frozenset)

    def check_may(self, verb: Verb) -> None:
        """Raise ``NotAllowed`` unless the operator has this permission on tenants."""
        if verb not in self.verbs:
            raise NotAllowed(f"This operator has no permission to {verb} tenants.")


def operator_of(user: User, through: str = "") -> Operator | None:
    """The operator that a user of the public schema is, or None for one that may not sign in to the console.

    ``through`` names the key that it came with. Two queries, for the permissions of who is not a superuser.
    """
    if not user.is_active or not user.is_staff:
        return None
    verbs = frozenset(verb for verb in _VERBS if user.has_perm(f"tenants.{verb}_tenant"))
    return Operator(user.pk, f"{user.get_username()} ({through})" if through else user.get_username(), verbs)
