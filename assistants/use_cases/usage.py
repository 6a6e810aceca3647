"""What a tenant has used: its runs, tokens and dollars, by day, assistant, member, key or model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from assistants.llm.prices import as_text
from assistants.models import Run
from assistants.tenant_assistants import names_here
from tenants.actors import ADMIN, OWNER, Actor
from tenants.errors import InvalidInput, NotAllowed
from tenants.models import ApiKey, User

By = Literal["day", "assistant", "member", "key", "model"]
LONGEST_SPAN = 400  # days
USUAL_SPAN = 30  # days
_GROUPS: Mapping[By, Any] = {
    "day": TruncDate("created_at", tzinfo=UTC),
    "assistant": F("assistant_id"),
    "member": F("created_by"),
    "key": F("api_key"),
    "model": F("model"),
}


@dataclass(frozen=True, slots=True)
class Usage:
    """What one day, assistant, member, key or model has used. ``cost`` is in US dollars, as text; runs whose price is
    not known count as ``unpriced``. ``name`` is for people, ``key`` for programs."""

    key: str
    name: str
    runs: int
    failed: int
    tokens_in: int
    tokens_out: int
    tokens_cached: int
    cost: str
    unpriced: int


COLUMNS = tuple(Usage.__dataclass_fields__)


def usage(
    actor: Actor, since: date | None = None, until: date | None = None, by: By = "day", most: int | None = None
) -> list[Usage]:
    """What the tenant has used from ``since`` to ``until``, both of them included, in UTC; by default in the last 30
    days. Days in their order, the others by what they cost, then by tokens; with ``most``, the first so many of those.

    Raises ``NotAllowed`` for who is no owner or administrator; ``InvalidInput`` for a span that cannot be.
    """
    if not may_see_usage(actor):
        raise NotAllowed("Only owners and administrators see what is used.")
    first, last = _span(since, until)
    rows = _summed(Run.objects.filter(created_at__gte=_midnight(first), created_at__lt=_midnight(last, 1)), by)
    if by != "day" and most is not None:
        rows = sorted(rows, key=lambda row: (-(row["sum_cost"] or 0), -(row["sum_tokens_in"] + row["sum_tokens_out"])))
        rows = rows[:most]
    names = _names(by, [row["group"] for row in rows])
    found = [_usage(row, names) for row in rows]
    if by == "day":
        return sorted(found, key=lambda each: each.key)
    return sorted(found, key=lambda each: (-Decimal(each.cost), -(each.tokens_in + each.tokens_out), each.name))


def may_see_usage(actor: Actor) -> bool:
    """True for owners and administrators: what is used, and what it costs, is theirs to know."""
    return actor.has_role(OWNER, ADMIN)


def usage_as_json(rows: list[Usage]) -> list[dict[str, Any]]:
    """The rows as the API shows them."""
    return [asdict(row) for row in rows]


def _span(since: date | None, until: date | None) -> tuple[date, date]:
    last = until or timezone.now().astimezone(UTC).date()
    first = since or last - timedelta(days=USUAL_SPAN - 1)
    if first > last:
        raise InvalidInput("The first day is after the last one.", field="from")
    if (last - first).days >= LONGEST_SPAN:
        raise InvalidInput(f"Ask for at most {LONGEST_SPAN} days.", field="from")
    return first, last


def _midnight(day: date, later: int = 0) -> datetime:
    return datetime.combine(day, time(), UTC) + timedelta(days=later)


def _summed(runs: QuerySet[Run], by: By) -> list[Any]:
    return list(
        runs.order_by()
        .values(group=_GROUPS[by])
        .annotate(
            runs=Count("pk"),
            failed=Count("pk", filter=Q(status=Run.Status.FAILED)),
            sum_tokens_in=Sum("tokens_in"),
            sum_tokens_out=Sum("tokens_out"),
            sum_tokens_cached=Sum("tokens_cached"),
            sum_cost=Sum("cost"),
            unpriced=Count("pk", filter=Q(cost=None)),
        )
    )


def _names(by: By, groups: list[Any]) -> Mapping[Any, str]:
    if by == "assistant":
        return dict(names_here())
    if by == "member":
        people = User.objects.filter(pk__in=[group for group in groups if group is not None])
        return {user.pk: user.display_name for user in people} | {None: "Visitors, and keys that act as themselves"}
    if by == "key":
        keys = ApiKey.objects.filter(pk__in=[group for group in groups if group is not None])
        return {key.pk: str(key) for key in keys} | {None: "Without a key: people at a page"}
    return {"": "Not known"} if by == "model" else {}


def _usage(row: dict[str, Any], names: Mapping[Any, str]) -> Usage:
    group = row["group"]
    key = "" if group is None else str(group)
    return Usage(
        key=key,
        name=names.get(group, key),
        runs=row["runs"],
        failed=row["failed"],
        tokens_in=row["sum_tokens_in"],
        tokens_out=row["sum_tokens_out"],
        tokens_cached=row["sum_tokens_cached"],
        cost=as_text(row["sum_cost"] or Decimal(0)),
        unpriced=row["unpriced"],
    )
