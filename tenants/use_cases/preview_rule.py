"""A draft of an access rule, tried on the tenant's people before it is saved."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Q
from django.utils import timezone

from tenants.actors import Actor, ActorKind
from tenants.context import require_tenant
from tenants.members import role_names
from tenants.models import AccessRule, ApiKey, User
from tenants.rules.book import rule_book
from tenants.rules.decide import Rule
from tenants.rules.plan import bounds_of_plan
from tenants.rules.preview import Alike, Change, Known, changes, questions_about
from tenants.rules.rule_set import RuleSet
from tenants.rules.store import as_rule, rules_with
from tenants.visitors import site_assistant

MOST_MEMBERS = 10_000  # that are looked at


@dataclass(frozen=True, slots=True)
class Preview:
    """What would change at the moment ``at``; ``before`` and ``after`` are the rules without and with the draft."""

    at: datetime
    before: RuleSet
    after: RuleSet
    changes: list[Change]
    begins_later: bool
    is_complete: bool
    """False where the tenant has more members than were looked at."""


def preview_rule(draft: AccessRule, known: Known) -> Preview:
    """Who would gain and who would lose what if the draft were saved. Nothing is saved.

    A draft that begins later is tried at its first moment. At most five queries, and one for each site that is named.
    """
    now = datetime.now(UTC)
    rule = as_rule(draft)
    before = RuleSet(rule_book.rules().rules, bounds_of_plan())
    after = RuleSet(rules_with(rule, draft.enabled, before.rules), before.plan)
    at = max(now, rule.starts_at) if rule.starts_at else now
    replaced = [each for each in before.rules if each.id == rule.id]
    people, is_complete = _people([*before.rules, rule])
    people += _visitors([rule, *replaced])
    found = changes(before, after, people, questions_about([rule, *replaced], known), at)
    return Preview(at, before, after, found, at > now, is_complete)


def _people(rules: Iterable[Rule]) -> tuple[list[Alike], bool]:
    """Members, and keys that rules can tell from their members; together where no rule tells them apart."""
    groups = {rule.whom for rule in rules if rule.audience in ("role", "group")}
    members = {rule.whom for rule in rules if rule.audience == "member"}
    keys = {rule.whom for rule in rules if rule.audience == "api_key"}
    tenant = require_tenant()
    found: dict[tuple[object, ...], tuple[Actor, list[str]]] = {}

    def add(
        kind: ActorKind,
        user_id: int | None,
        key_id: int | None,
        held: Iterable[str],
        name: str,
        reached: frozenset[str] | None = None,
    ) -> None:
        roles = frozenset(name for name in held if name in groups)
        told_apart = (kind, user_id if user_id in members else None, key_id if key_id in keys else None, roles, reached)
        actor = Actor(kind, tenant, user_id, key_id, roles, name, assistants=reached)
        found.setdefault(told_apart, (actor, []))[1].append(name)

    rows = User.objects.filter(is_active=True).annotate(held=role_names("pk")).order_by("username")
    listed = list(rows.values_list("pk", "username", "held")[: MOST_MEMBERS + 1])
    for user_id, username, held in listed[:MOST_MEMBERS]:
        add("member", user_id, None, held, username)
    valid = ApiKey.objects.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()), revoked_at=None)
    told_of = valid.filter(Q(user=None) | Q(pk__in=keys)).annotate(held=role_names("user"))
    for key_id, user_id, name, held, assistants in told_of.values_list("pk", "user_id", "name", "held", "assistants"):
        add("api_key", user_id, key_id, held, f"API key {name}", frozenset(assistants) or None)
    return [Alike(actor, names) for actor, names in found.values()], len(listed) <= MOST_MEMBERS


def _visitors(rules: Collection[Rule]) -> list[Alike]:
    sites = {str(rule.whom) for rule in rules if rule.audience in ("visitors", "identified")}
    found = []
    for site in sorted(sites):
        where = f"site {site}" if site else "every site"
        assistant = site_assistant(site) if site else None
        reached = frozenset({assistant}) if assistant is not None else None
        for identified in (False, True):
            actor = Actor("visitor", require_tenant(), site_id=site, identified=identified, assistants=reached)
            found.append(Alike(actor, [f"{'identified' if identified else 'anonymous'} visitors of {where}"]))
        for attribute, value in sorted({(rule.attribute, rule.attribute_value) for rule in rules if rule.attribute}):
            has = ((attribute, value),)
            actor = Actor(
                "visitor", require_tenant(), site_id=site, identified=True, attributes=has, assistants=reached
            )
            found.append(Alike(actor, [f"identified visitors of {where} whose {attribute} is {value or 'empty'}"]))
    return found
