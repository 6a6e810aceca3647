"""May this actor use this assistant? Pure: rules in, a decision that names its rule out.

No rule that allows, no access. A rule that denies beats any that allows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from tenants.actors import Actor

Effect = Literal["allow", "deny"]


@dataclass(frozen=True, slots=True)
class Rule:
    """An access rule as the decision needs it. ``assistant_id`` "" stands for all; one of ``role`` and ``member_id``
    is set where the rule is not for everyone signed in."""

    id: int
    effect: Effect
    assistant_id: str = ""
    role: str | None = None
    member_id: int | None = None

    def __str__(self) -> str:
        """The rule in words, without the member's name, which is not known here."""
        whom = "everyone signed in"
        if self.role is not None:
            whom = f"role {self.role}"
        elif self.member_id is not None:
            whom = f"member {self.member_id}"
        return f"{self.effect.capitalize()} {self.assistant_id or 'all assistants'} to {whom}"

    def names(self, actor: Actor) -> bool:
        """True when the rule is about this actor."""
        if not actor.is_signed_in:
            return False
        if self.role is not None:
            return actor.has_role(self.role)
        if self.member_id is not None:
            return actor.user_id == self.member_id
        return True

    def covers(self, assistant_id: str) -> bool:
        """True when the rule is about this assistant."""
        return self.assistant_id in ("", assistant_id)


@dataclass(frozen=True, slots=True)
class Decision:
    """Allowed or not, and by which rule; ``rule_id`` is None when no rule spoke."""

    allowed: bool
    rule_id: int | None
    rule: Rule | None = field(default=None, compare=False)


def decide(rules: Iterable[Rule], actor: Actor, assistant_id: str) -> Decision:
    """Decide from the enabled rules of the actor's tenant."""
    if actor.kind == "system":
        return Decision(True, None)
    allowing: Rule | None = None
    for rule in rules:
        if not (rule.covers(assistant_id) and rule.names(actor)):
            continue
        if rule.effect == "deny":
            return Decision(False, rule.id, rule)
        if allowing is None:
            allowing = rule
    return Decision(True, allowing.id, allowing) if allowing else Decision(False, None)
