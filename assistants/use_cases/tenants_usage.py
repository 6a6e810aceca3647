"""What all tenants use and hold, as it was counted last (``tally.py``). In the public context; for operators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, get_args

from django.db import connection
from django.db.models import Count, Max, Q, Sum

from assistants.models import TenantFigures, UsageDay

Order = Literal["name", "runs", "failed", "tokens", "cost", "documents", "storage", "members"]
ORDERS: tuple[Order, ...] = get_args(Order)


@dataclass(frozen=True, slots=True)
class DayOfAll:
    """What all tenants together used on one day. ``cost`` is in US dollars."""

    runs: int
    failed: int
    messages: int
    tokens: int
    cost: Decimal


@dataclass(frozen=True, slots=True)
class TenantsUse:
    """What one tenant used in some days, and what it holds now. ``cost`` is in US dollars, without ``unpriced`` runs;
    ``storage`` in bytes. ``counted_at`` is None for a tenant that was not counted yet."""

    tenant_id: int
    name: str
    schema_name: str
    status: str
    runs: int
    failed: int
    messages: int
    tokens: int
    cost: Decimal
    unpriced: int
    members: int
    documents: int
    documents_failed: int
    storage: int
    migrations_behind: int
    counted_at: datetime | None


@dataclass(frozen=True, slots=True)
class AllHold:
    """What all tenants together hold. ``behind`` is how many of them lack a migration."""

    storage: int
    documents: int
    documents_failed: int
    behind: int
    counted_at: datetime | None


COLUMNS = tuple(TenantsUse.__dataclass_fields__)
_SUMS = ("runs", "failed", "messages", "tokens", "cost", "unpriced")

# A tenant without any use has its row, too: who uses nothing is worth knowing.
_SQL = """
SELECT tenant.id, tenant.name, tenant.schema_name, tenant.status,
       {sums},
       coalesce(held.members, 0), coalesce(held.documents, 0), coalesce(held.documents_failed, 0),
       coalesce(held.storage, 0), coalesce(held.migrations_behind, 0), held.counted_at
FROM tenants_tenant AS tenant
LEFT JOIN assistants_tenantfigures AS held USING (schema_name)
LEFT JOIN (
    SELECT schema_name, sum(runs) AS runs, sum(failed) AS failed, sum(messages) AS messages, sum(tokens) AS tokens,
           sum(cost) AS cost, sum(unpriced) AS unpriced
    FROM assistants_usageday WHERE day BETWEEN %s AND %s GROUP BY schema_name
) AS used USING (schema_name)
ORDER BY {order}, tenant.name
LIMIT %s OFFSET %s
"""
_ORDERS: Mapping[Order, str] = {
    "name": "tenant.name",
    "members": "coalesce(held.members, 0)",
    "documents": "coalesce(held.documents, 0)",
    "storage": "coalesce(held.storage, 0)",
    **{name: f"coalesce(used.{name}, 0)" for name in ("runs", "failed", "tokens", "cost")},  # type: ignore[dict-item]
}


def days_of_all(first: date, last: date) -> Mapping[date, DayOfAll]:
    """Both days included."""
    rows = UsageDay.objects.filter(day__range=(first, last)).order_by().values("day")
    summed: Iterable[Any] = rows.annotate(**{f"sum_{name}": Sum(name) for name in _SUMS})
    return {
        row["day"]: DayOfAll(
            row["sum_runs"], row["sum_failed"], row["sum_messages"], row["sum_tokens"], row["sum_cost"]
        )
        for row in summed
    }


def tenants_by_use(
    first: date,
    last: date,
    order: Order = "cost",
    *,
    descending: bool = True,
    most: int | None = None,
    after: int = 0,
) -> Sequence[TenantsUse]:
    """Every tenant with what it used from ``first`` to ``last``, both included. One query, however many there are."""
    sums = ", ".join(f"coalesce(used.{name}, 0){'' if name == 'cost' else '::bigint'}" for name in _SUMS)
    direction = f"{_ORDERS[order]} {'DESC' if descending else 'ASC'}"
    with connection.cursor() as cursor:
        cursor.execute(_SQL.format(sums=sums, order=direction), [first, last, most, after])
        return [TenantsUse(*row) for row in cursor.fetchall()]


def all_hold() -> AllHold:
    """As of when the tenant that was counted last was counted."""
    found = TenantFigures.objects.aggregate(
        sum_storage=Sum("storage", default=0),
        sum_documents=Sum("documents", default=0),
        sum_failed=Sum("documents_failed", default=0),
        behind=Count("pk", filter=Q(migrations_behind__gt=0)),
        counted=Max("counted_at"),
    )
    return AllHold(*(found[name] for name in ("sum_storage", "sum_documents", "sum_failed", "behind", "counted")))
