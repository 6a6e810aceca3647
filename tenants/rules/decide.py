"""May this actor do this? Pure: rules in, a decision that names its rule out.

No rule that allows, no access. A rule that denies beats any that allows. Neither the order of the rules nor how
specific one is makes a difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from tenants.actors import Actor

Effect = Literal["allow", "deny"]
Audience = Literal["everyone", "role", "group", "member", "api_key", "visitors", "identified"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of it; None is as much as one likes. Each actor has its own count."""

    runs_per_minute: int | None = None
    tokens_per_day: int | None = None

    def together_with(self, other: Limits) -> Limits:
        """What holds where both hold: the smaller number of each."""
        return Limits(
            _smaller(self.runs_per_minute, other.runs_per_minute), _smaller(self.tokens_per_day, other.tokens_per_day)
        )


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Rule:
    """An access rule as the decision needs it.

    ``assistant_id`` and ``resource`` (a tool's name, a collection's id) "" stand for all. ``whom`` is what the
    audience needs: the name of a role or group, the key of a member or API key, a site's id ("" for all sites). With an
    ``attribute``, only those identified visitors are meant whose attribute of that name is ``attribute_value``.
    ``text`` is the rule in words.
    """

    id: int
    effect: Effect
    actions: frozenset[str]
    assistant_id: str = ""
    resource: str = ""
    audience: Audience = "everyone"
    whom: str | int = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    limits: Limits = NO_LIMITS
    text: str = field(default="", compare=False)
    attribute: str = ""
    attribute_value: str = ""

    def __str__(self) -> str:
        return self.text

    @property
    def is_timed(self) -> bool:
        """True when the rule does not hold at all times."""
        return self.starts_at is not None or self.ends_at is not None

    def names(self, actor: Actor) -> bool:
        """True when the rule is about this actor."""
        match self.audience:
            case "everyone":
                return actor.is_signed_in
            case "role" | "group":
                return actor.is_signed_in and self.whom in actor.roles
            case "member":
                return actor.is_signed_in and actor.user_id == self.whom
            case "api_key":
                return actor.is_signed_in and actor.api_key_id == self.whom
            case "visitors":
                return self._is_of_site(actor)
            case "identified":
                return actor.identified and self._is_of_site(actor) and self._is_of_attribute(actor)

    def covers(self, action: str, assistant_id: str = "", resource: str = "") -> bool:
        """True when the rule is about this action on this assistant and this tool or collection."""
        return (
            action in self.actions
            and (not self.assistant_id or self.assistant_id == assistant_id)
            and (not self.resource or self.resource == resource)
        )

    def holds_at(self, moment: datetime) -> bool:
        """True inside the rule's window of time; the first moment belongs to it, the last does not."""
        return (self.starts_at is None or self.starts_at <= moment) and (self.ends_at is None or moment < self.ends_at)

    def _is_of_site(self, actor: Actor) -> bool:
        return actor.kind == "visitor" and actor.site_id is not None and self.whom in ("", actor.site_id)

    def _is_of_attribute(self, actor: Actor) -> bool:
        return not self.attribute or (self.attribute, self.attribute_value) in actor.attributes


@dataclass(frozen=True, slots=True)
class Decision:
    """Allowed or not, and by which rule; ``rule_id`` and ``rule`` are None when no rule spoke.

    ``limits`` hold where it is allowed, together; ``limited_by`` are the rules that they come from. ``by_plan`` is True
    where the operator's plan forbids what the tenant's rules were not asked for.
    """

    allowed: bool
    rule_id: int | None
    limits: Limits = NO_LIMITS
    by_plan: bool = False
    rule: Rule | None = field(default=None, compare=False)
    limited_by: tuple[Rule, ...] = field(default=(), compare=False)


OF_THE_SYSTEM = Decision(True, None)
NOBODY_ALLOWED = Decision(False, None)
NOT_IN_PLAN = Decision(False, None, by_plan=True)


def decide(
    rules: Iterable[Rule],
    actor: Actor,
    action: str,
    assistant_id: str = "",
    resource: str = "",
    at: datetime | None = None,
) -> Decision:
    """Decide from the enabled rules of the actor's tenant, for the moment ``at``, which is now without one.

    ``assistant_id`` is "" where no assistant is concerned; then only rules about all assistants speak.
    """
    if actor.kind == "system":
        return OF_THE_SYSTEM
    return settle(matching(rules, actor, action, assistant_id, resource), at)


def matching(
    rules: Iterable[Rule], actor: Actor, action: str, assistant_id: str = "", resource: str = ""
) -> tuple[Rule, ...]:
    """The rules that are about this, whenever they hold."""
    return tuple(rule for rule in rules if rule.covers(action, assistant_id, resource) and rule.names(actor))


def settle(rules: Sequence[Rule], at: datetime | None = None) -> Decision:
    """The decision between rules that are all about the question."""
    allowing: Rule | None = None
    limits, limited_by = NO_LIMITS, []
    for rule in rules:
        if rule.is_timed and not rule.holds_at(at or datetime.now(UTC)):
            continue
        if rule.effect == "deny":
            return Decision(False, rule.id, rule=rule)
        allowing = allowing or rule
        if rule.limits is not NO_LIMITS:
            limits = limits.together_with(rule.limits)
            limited_by.append(rule)
    if allowing is None:
        return NOBODY_ALLOWED
    return Decision(True, allowing.id, limits, rule=allowing, limited_by=tuple(limited_by))


def _smaller(one: int | None, other: int | None) -> int | None:
    given = [number for number in (one, other) if number is not None]
    return min(given, default=None)
