"""Runs of the last days that other access rules would have refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Max
from django.utils import timezone

from assistants.models import Run
from assistants.tenant_assistants import names_here
from tenants.actors import Actor
from tenants.context import require_tenant
from tenants.members import role_names
from tenants.rules.actions import CREATE_MESSAGE, RUN
from tenants.rules.rule_set import RuleSet

DAYS = 7


@dataclass(frozen=True, slots=True)
class RefusedRuns:
    """Runs of one assistant that one member or API key began."""

    assistant: str
    whose: str
    count: int
    latest: datetime


def refused_runs(before: RuleSet, after: RuleSet, at: datetime) -> list[RefusedRuns]:
    """The runs of the last ``DAYS`` days that ``before`` allows and ``after`` does not, by whom; most first.

    Rules are taken as they hold ``at`` that moment, and people in the roles that they have now. One query.
    """
    names = names_here()
    found = []
    for row in _runs_by_whom():
        actor = _actor(row)
        if actor is not None and _allowed(before, actor, row, at) and not _allowed(after, actor, row, at):
            assistant = names.get(row["assistant_id"], row["assistant_id"])
            found.append(RefusedRuns(assistant, _called(row), row["count"], row["latest"]))
    return sorted(found, key=lambda runs: -runs.count)


def _runs_by_whom() -> list[dict[str, Any]]:
    since = timezone.now() - timedelta(days=DAYS)
    whom = ("assistant_id", "actor_kind", "created_by_id", "api_key_id")
    rows = Run.objects.filter(created_at__gte=since).order_by().values(*whom)
    return list(
        rows.annotate(
            bound_to=F("thread__assistant_id"),
            username=F("created_by__username"),
            key_name=F("api_key__name"),
            held=role_names("created_by_id"),
            count=Count("pk"),
            latest=Max("created_at"),
        )
    )


def _actor(row: dict[str, Any]) -> Actor | None:
    """Who would ask again; None where nobody can: a deleted account, a visitor, the system."""
    user_id, key_id = row["created_by_id"], row["api_key_id"]
    if row["actor_kind"] not in ("member", "api_key") or (user_id is None and key_id is None):
        return None
    return Actor(row["actor_kind"], require_tenant(), user_id, key_id, frozenset(row["held"]))


def _allowed(rules: RuleSet, actor: Actor, row: dict[str, Any], at: datetime) -> bool:
    return (
        rules.decide(actor, RUN, row["assistant_id"], at=at).allowed
        and rules.decide(actor, CREATE_MESSAGE, row["bound_to"], at=at).allowed
    )


def _called(row: dict[str, Any]) -> str:
    if row["key_name"] is None:
        return str(row["username"])
    return f"API key {row['key_name']}" + (f", for {row['username']}" if row["username"] else "")
