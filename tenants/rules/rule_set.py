"""A tenant's rules as they were read, asked many times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from tenants.actors import Actor
from tenants.rules.decide import NOT_IN_PLAN, OF_THE_SYSTEM, Decision, Rule, matching, settle
from tenants.rules.plan import UNBOUNDED, PlanBounds

Dimension = Literal["assistant_id", "resource"]

MOST_KEPT = 4096  # decisions of one tenant
_ANY_OTHER = "\x00"  # no assistant, tool or collection is called so


@dataclass(frozen=True, slots=True)
class Scope:
    """Which of many are allowed: all but ``exceptions``, or only those."""

    others_allowed: bool
    exceptions: frozenset[str] = frozenset()

    @property
    def is_all(self) -> bool:
        """True when nothing is left out."""
        return self.others_allowed and not self.exceptions

    @property
    def is_none(self) -> bool:
        """True when nothing is allowed."""
        return not self.others_allowed and not self.exceptions

    def __contains__(self, name: str) -> bool:
        return self.others_allowed is (name not in self.exceptions)


class RuleSet:
    """The enabled rules of one tenant, below the bounds of a plan where one is given, and what was decided by them.

    Never changed: when a rule changes, a new one is read. Threads may share it.
    """

    def __init__(self, rules: Iterable[Rule], plan: PlanBounds = UNBOUNDED) -> None:
        self.rules: Sequence[Rule] = tuple(rules)
        self.plan = plan
        self._attributes = frozenset(rule.attribute for rule in self.rules)  # by which visitors are told apart
        self._kept: dict[tuple[object, ...], tuple[Decision, datetime | None, datetime | None]] = {}

    def decide(
        self, actor: Actor, action: str, assistant_id: str = "", resource: str = "", at: datetime | None = None
    ) -> Decision:
        """May the actor do this? ``at`` is now without one."""
        key = (
            action,
            assistant_id,
            resource,
            actor.user_id,
            actor.api_key_id,
            actor.roles,
            actor.kind,
            actor.site_id,
            actor.identified,
            tuple(each for each in actor.attributes if each[0] in self._attributes),
        )
        kept = self._kept.get(key)
        if kept is not None:
            decision, since, until = kept
            if since is None and until is None:  # at all times
                return decision
            at = at or datetime.now(UTC)
            if (since is None or since <= at) and (until is None or at < until):
                return decision
        kept = self._decide(actor, action, assistant_id, resource, at)
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[key] = kept
        return kept[0]

    def _decide(
        self, actor: Actor, action: str, assistant_id: str, resource: str, at: datetime | None
    ) -> tuple[Decision, datetime | None, datetime | None]:
        """The decision, and the moments between which it holds: where a rule's window of time opens or closes."""
        if actor.kind == "system":
            return OF_THE_SYSTEM, None, None
        if not self.plan.has(action, assistant_id):
            return NOT_IN_PLAN, None, None
        found = matching(self.rules, actor, action, assistant_id, resource)
        at = at or datetime.now(UTC)
        moments = [moment for rule in found for moment in (rule.starts_at, rule.ends_at) if moment is not None]
        since = max((moment for moment in moments if moment <= at), default=None)
        return settle(found, at), since, min((moment for moment in moments if moment > at), default=None)

    def scope(self, actor: Actor, action: str, over: Dimension, assistant_id: str = "") -> Scope:
        """Of which assistants, or of which tools or collections, may the actor do this?"""
        named = {getattr(rule, over) for rule in self.rules if action in rule.actions} - {""}
        if over == "assistant_id" and self.plan.assistants is not None:
            named |= self.plan.assistants

        def allowed(name: str) -> bool:
            on = (name, "") if over == "assistant_id" else (assistant_id, name)
            return self.decide(actor, action, *on).allowed

        others = allowed(_ANY_OTHER)
        return Scope(others, frozenset(name for name in named if allowed(name) is not others))
