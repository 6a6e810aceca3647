"""A draft of an access rule from what was sent, checked as the form checks it, and not stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError

from tenants.actors import ROLES
from tenants.errors import InvalidInput, NotFound
from tenants.models import AccessRule, ApiKey, MemberGroup, User

_PLAIN = (
    *(
        "effect",
        "action",
        "assistant_id",
        "resource",
        "audience",
        "site_id",
        "attribute",
        "attribute_value",
        "starts_at",
        "ends_at",
    ),
    *("runs_per_minute", "tokens_per_day", "enabled"),
)
_NAMED: Mapping[str, tuple[str, type[Any], str]] = {
    "group_id": ("group", MemberGroup, "There is no such group."),
    "member_id": ("member", User, "There is no such member."),
    "api_key_id": ("api_key", ApiKey, "There is no such API key."),
}


def draft_rule(given: Mapping[str, Any]) -> AccessRule:
    """The rule that ``given`` describes: the stored one with ``rule_id``, changed by the rest; else a new one.

    ``role`` is a role's name. Raises ``NotFound`` for an unknown rule, and ``InvalidInput`` with the fields that are
    wrong.
    """
    rule = _stored(given["rule_id"]) if given.get("rule_id") is not None else AccessRule()
    for name in _PLAIN:
        if name in given:
            setattr(rule, name, given[name])
    if "role" in given:
        rule.role = _role(given["role"])
    for name, (field, model, missing) in _NAMED.items():
        if name in given:
            setattr(rule, field, _row(model, given[name], name, missing))
    _check(rule)
    return rule


def _stored(rule_id: int) -> AccessRule:
    rule = AccessRule.objects.select_related("role", "group", "member", "api_key").filter(pk=rule_id).first()
    if rule is None:
        raise NotFound("There is no such rule.")
    return rule


def _role(name: str | None) -> Group | None:
    if name is None:
        return None
    found = Group.objects.filter(name=name).first() if name in ROLES else None
    if found is None:
        raise InvalidInput(f"There is no role {name}.", field="role")
    return found


def _row(model: type[Any], key: int | None, field: str, missing: str) -> Any:
    found = model.objects.filter(pk=key).first() if key is not None else None
    if key is not None and found is None:
        raise InvalidInput(missing, field=field)
    if found is not None and isinstance(found, MemberGroup):
        return Group.objects.get(pk=found.pk)
    return found


def _check(rule: AccessRule) -> None:
    for name in ("starts_at", "ends_at"):
        moment = getattr(rule, name)
        if moment is not None and moment.tzinfo is None:
            raise InvalidInput("Say in which time zone: 2030-01-31T12:00:00Z, say.", field=name)
    try:
        rule.full_clean()
    except ValidationError as error:
        wrong = [{"field": field, "message": " ".join(said)} for field, said in error.message_dict.items()]
        raise InvalidInput(wrong[0]["message"], errors=wrong) from error
