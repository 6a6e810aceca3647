"""The audit log in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from tenants.models import AuditEntry

_AS_WRITTEN = {"api key": "API key"}


class Changed(NamedTuple):
    """One field of a diff. None where there was, or is, nothing."""

    field: str
    before: str | None
    after: str | None


def action_in_words(action: str) -> str:
    """``access_rule.changed`` as "Access rule changed"."""
    return kind_in_words(action.replace(".", " "))


def kind_in_words(kind: str) -> str:
    """``access_rule`` as "Access rule"."""
    words = kind.replace("_", " ")
    for plain, written in _AS_WRITTEN.items():
        words = words.replace(plain, written)
    return words[:1].upper() + words[1:]


def who_in_words(entry: AuditEntry) -> str:
    """Who acted."""
    kind = str(AuditEntry.Kind(entry.actor_kind).label)
    if entry.actor_kind in (AuditEntry.Kind.MEMBER, AuditEntry.Kind.OPERATOR):
        return entry.actor or kind
    return f"{kind}: {entry.actor}" if entry.actor else kind


def changes_of(entry: AuditEntry) -> Iterator[Changed]:
    """What was there before and after, field by field."""
    for name in {**entry.before, **entry.after}:
        yield Changed(kind_in_words(name), _text(entry.before, name), _text(entry.after, name))


def _text(values: dict[str, Any], name: str) -> str | None:
    if name not in values:
        return None
    value = values[name]
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value) or "none"
    if value is None or value == "":
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value)
