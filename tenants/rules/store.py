"""The current tenant's rules, read from its rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from tenants.models import AccessRule, User
from tenants.prepared import Prepared
from tenants.rules.actions import actions_named
from tenants.rules.decide import NO_LIMITS, Limits, Rule
from tenants.rules.rule_set import RuleSet
from tenants.rules.words import Parts, sentence, whom_in_words

_COLUMNS = (
    "pk",
    "effect",
    "action",
    "assistant_id",
    "resource",
    "audience",
    "role__name",
    "group__name",
    "member_id",
    "member__username",
    "api_key_id",
    "api_key__name",
    "site_id",
    "attribute",
    "attribute_value",
    "starts_at",
    "ends_at",
    "runs_per_minute",
    "tokens_per_day",
)


def _enabled() -> QuerySet[AccessRule, Any]:
    """Joined with the members, PostgreSQL would read all of them for the few that rules name."""
    called = User.objects.filter(pk=OuterRef("member")).order_by().values("username")
    columns = ("member_called" if name == "member__username" else name for name in _COLUMNS)
    rules = AccessRule.objects.filter(enabled=True).annotate(member_called=Subquery(called))
    return rules.values_list(*columns)  # type: ignore[return-value]


_ENABLED: Prepared[AccessRule] = Prepared(_enabled)


def read_rules() -> RuleSet:
    """The enabled rules of the current tenant, as they are now. One query."""
    rows = (dict(zip(_COLUMNS, row, strict=True)) for row in _ENABLED.rows())
    return RuleSet(_rule(row) for row in rows)


def as_rule(row: AccessRule) -> Rule:
    """An access rule, stored or not, as the decision needs it. A query for each name that was not read with it."""
    own = {name: getattr(row, name) for name in _COLUMNS if "__" not in name}
    return _rule(
        own
        | {
            "pk": row.pk or 0,
            "role__name": row.role.name if row.role else None,
            "group__name": row.group.name if row.group else None,
            "member__username": row.member.username if row.member else None,
            "api_key__name": row.api_key.name if row.api_key else None,
        }
    )


def all_rules() -> list[AccessRule]:
    """Every rule of the current tenant, the disabled ones too, with what it names. One query."""
    return list(AccessRule.objects.select_related("role", "group", "member", "api_key"))


def rules_with(draft: Rule, enabled: bool, rules: Iterable[Rule]) -> list[Rule]:
    """The rules as they would be with ``draft`` saved: in the place of the one with its id, or added."""
    others = [rule for rule in rules if rule.id != draft.id]
    return [*others, draft] if enabled else others


def _rule(row: dict[str, Any]) -> Rule:
    audience, limits = str(row["audience"]), Limits(row["runs_per_minute"], row["tokens_per_day"])
    whom, called = _whom(row, audience)
    effect = "deny" if row["effect"] == AccessRule.Effect.DENY else "allow"
    having = (row["attribute"], row["attribute_value"])
    about, when = (row["assistant_id"], row["resource"]), (row["starts_at"], row["ends_at"])
    return Rule(
        row["pk"],
        effect,  # type: ignore[arg-type]  # the model's choices are the effects and the audiences
        actions_named(row["action"]),
        *about,
        audience,  # type: ignore[arg-type]
        whom,
        *when,
        limits=NO_LIMITS if limits == NO_LIMITS else limits,
        text=sentence(Parts(effect, whom_in_words(audience, called, *having), row["action"], *about, limits, *when)),
        attribute=having[0],
        attribute_value=having[1],
    )


def _whom(row: dict[str, Any], audience: str) -> tuple[str | int, str]:
    """Whom the audience names: as the decision knows it, and in words."""
    known, called = {
        "role": ("role__name", "role__name"),
        "group": ("group__name", "group__name"),
        "member": ("member_id", "member__username"),
        "api_key": ("api_key_id", "api_key__name"),
    }.get(audience, ("site_id", "site_id"))
    return row[known] or "", row[called] or ""
