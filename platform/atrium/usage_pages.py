"""The consoles' pages about usage: a tenant's by day, assistant, member, key or model; the operators' by tenant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, get_args
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.dateparse import parse_date

from assistants.use_cases.overview import today
from assistants.use_cases.tenants_usage import COLUMNS as TENANT_COLUMNS
from assistants.use_cases.tenants_usage import ORDERS, Order, TenantsUse, all_hold, tenants_by_use
from assistants.use_cases.usage import COLUMNS, By, may_see_usage, usage, usage_as_json
from atrium.dashboards.budgets import shown_budgets
from atrium.dashboards.cards import may_see
from tenants.admin import actor_in_console
from tenants.csv_files import csv_response
from tenants.errors import InvalidInput
from tenants.models import Tenant

USUAL_SPAN = 30  # days
MONTHS = 13  # that can be chosen: this one, and those of a year before it
A_PAGE = 50  # tenants
MOST_ROWS = 200  # of a tenant's use that are shown, those that cost most; the file has all
_WAYS: Mapping[By, str] = {
    "day": "Day",
    "assistant": "Assistant",
    "member": "Member",
    "key": "API key",
    "model": "Model",
}
_HEADS: Sequence[tuple[Order, str]] = (
    ("name", "Tenant"),
    ("runs", "Runs"),
    ("failed", "Failed"),
    ("tokens", "Tokens"),
    ("cost", "Cost"),
    ("members", "Members"),
    ("documents", "Documents"),
    ("storage", "Stored"),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """A link, and whether it leads to what is shown."""

    title: str
    link: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Head:
    """A column's head: the way to the page in its order. ``sorted`` is "", "ascending" or "descending"."""

    title: str
    link: str
    sorted: str


def tenants_own(request: HttpRequest, context: Mapping[str, Any]) -> HttpResponse:
    """What the tenant has used, for its owners and administrators; ``format=csv`` gives the table as a file."""
    actor = actor_in_console(request)
    if not may_see_usage(actor):
        raise PermissionDenied
    by: By = asked if (asked := request.GET.get("by")) in get_args(By) else "day"  # type: ignore[assignment]
    last = _day(request, "to") or today()
    first = _day(request, "from") or last - timedelta(days=USUAL_SPAN - 1)
    refusal, rows = "", []
    as_file = request.GET.get("format") == "csv"
    try:
        rows = usage(actor, first, last, by, most=None if as_file else MOST_ROWS)
    except InvalidInput as error:
        refusal = error.detail
    if as_file and not refusal:
        return csv_response(COLUMNS, usage_as_json(rows), f"usage-by-{by}.csv")
    span = {"from": first.isoformat(), "to": last.isoformat()}
    shown = {
        "title": "Usage",
        "rows": rows,
        "refusal": refusal,
        "by": by,
        "head": _WAYS[by],
        "ways": [Choice(title, f"?{urlencode({'by': way, **span})}", way == by) for way, title in _WAYS.items()],
        "first": first,
        "last": last,
        "csv": f"?{urlencode({'by': by, **span, 'format': 'csv'})}",
        "sums": _sums(rows),
        "is_cut": by != "day" and len(rows) == MOST_ROWS,
        "budgets": shown_budgets(),
    }
    return TemplateResponse(request, "console/usage.html", {**context, **shown})


def of_tenants(request: HttpRequest, context: Mapping[str, Any]) -> HttpResponse:
    """What each tenant used in a month and holds now, for operators; ``format=csv`` gives all of it as a file."""
    if not may_see(request.user, "tenants.tenant"):
        raise PermissionDenied
    first, last = _month(request)
    order, descending = _order(request)
    if request.GET.get("format") == "csv":
        rows = tenants_by_use(first, last, order, descending=descending)
        return csv_response(TENANT_COLUMNS, map(asdict, rows), f"usage-of-tenants-{first:%Y-%m}.csv")
    page = Paginator(range(Tenant.objects.count()), A_PAGE).get_page(request.GET.get("p"))
    asked = {"month": f"{first:%Y-%m}", "order": f"{'-' if descending else ''}{order}"}
    shown = {
        "title": "Usage of tenants",
        "rows": _tenants(first, last, order, descending, page.number),
        "months": _months(first),
        "heads": [_head(name, title, order, descending, asked["month"]) for name, title in _HEADS],
        "page": page,
        "before": f"?{urlencode({**asked, 'p': page.number - 1})}",
        "after": f"?{urlencode({**asked, 'p': page.number + 1})}",
        "csv": f"?{urlencode({**asked, 'format': 'csv'})}",
        "order": asked["order"],
        "counted_at": all_hold().counted_at,
    }
    return TemplateResponse(request, "console/usage_of_tenants.html", {**context, **shown})


def _tenants(first: date, last: date, order: Order, descending: bool, page: int) -> Sequence[TenantsUse]:
    return tenants_by_use(first, last, order, descending=descending, most=A_PAGE, after=(page - 1) * A_PAGE)


def _sums(rows: Sequence[Any]) -> Mapping[str, Any]:
    return {name: sum(getattr(row, name) for row in rows) for name in ("runs", "failed", "tokens_in", "tokens_out")}


def _day(request: HttpRequest, name: str) -> date | None:
    try:
        return parse_date(request.GET.get(name, ""))
    except ValueError:  # the 31st of February
        return None


def _month(request: HttpRequest) -> tuple[date, date]:
    """The first and the last day of the month that is asked for, or of this one."""
    try:
        first = parse_date(f"{request.GET.get('month', '')}-01")
    except ValueError:
        first = None
    first = first or today().replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _months(chosen: date) -> Sequence[tuple[str, str, bool]]:
    """Value, name and whether it is the chosen one, from this month back."""
    months, first = [], today().replace(day=1)
    for _ in range(MONTHS):
        months.append(first)
        first = (first - timedelta(days=1)).replace(day=1)
    found = months if chosen in months else [*months, chosen]
    return [(f"{each:%Y-%m}", f"{each:%B %Y}", each == chosen) for each in found]


def _order(request: HttpRequest) -> tuple[Order, bool]:
    asked = request.GET.get("order", "")
    name = asked.removeprefix("-")
    return (name, asked.startswith("-")) if name in ORDERS else ("cost", True)  # type: ignore[return-value]


def _head(name: Order, title: str, order: Order, descending: bool, month: str) -> Head:
    """Numbers begin with the largest, names with A."""
    chosen = name == order
    down = not descending if chosen else name != "name"
    link = f"?{urlencode({'month': month, 'order': f'-{name}' if down else name})}"
    return Head(title, link, ("descending" if descending else "ascending") if chosen else "")
