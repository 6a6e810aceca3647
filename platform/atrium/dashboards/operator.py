"""The first page of the operators' console: all tenants together, and what wants somebody's attention.

Numbers about what tenants use and hold are those that a job has counted; the page says when.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince

from assistants.models import TenantFigures
from assistants.use_cases.overview import today
from assistants.use_cases.tenants_usage import AllHold, DayOfAll, all_hold, days_of_all, tenants_by_use
from atrium.dashboards.cards import Card, dollars, list_of, may_see, number, span_of, spans
from atrium.dashboards.charts import Chart, Series, day_chart, last_days
from tenants.models import Tenant
from tenants.queue import Queue, failed_jobs, queue

NEWEST = 6  # rows in a list
MOST_TENANTS = 8
LATE = timedelta(minutes=10)  # that a job may wait before somebody should look
STALE = timedelta(hours=1)  # the job that counts runs every quarter of an hour


def operator_dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Tenants by use, errors and storage; jobs; versions. For who may see tenants."""
    if not may_see(request.user, "tenants.tenant"):
        return {**context, "cards": []}
    days = span_of(request)
    last = today()
    first = last - timedelta(days=days - 1)
    used, hold, jobs = days_of_all(first, last), all_hold(), queue()
    return {
        **context,
        "cards": [*_tenant_cards(), *_use_cards(days, used, hold), *_job_cards(jobs), _version_card(hold)],
        "spans": spans(days),
        "days": days,
        "charts": _charts(days, used),
        "counted_at": hold.counted_at,
        "is_stale": hold.counted_at is None or timezone.now() - hold.counted_at > STALE,
        "busiest": [each for each in tenants_by_use(first, last, "runs", most=MOST_TENANTS) if each.runs],
        "failing": [each for each in tenants_by_use(first, last, "failed", most=NEWEST) if each.failed],
        "failed_jobs": failed_jobs(NEWEST),
        "behind": _behind(),
        "newest_tenants": Tenant.objects.order_by("-created_at").prefetch_related("domains")[:NEWEST],
        "may_add_tenant": request.user.has_perm("tenants.add_tenant"),  # type: ignore[union-attr]
        "is_operators": True,
    }


def _tenant_cards() -> Sequence[Card]:
    status = Tenant.Status
    tenants = Tenant.objects.aggregate(
        active=Count("pk", filter=Q(status=status.ACTIVE)), suspended=Count("pk", filter=Q(status=status.SUSPENDED))
    )
    suspended = list_of("tenants.tenant", status__exact="suspended")
    return [
        Card("Active tenants", tenants["active"], "domain", list_of("tenants.tenant", status__exact="active")),
        Card("Suspended", tenants["suspended"], "pause_circle", suspended),
    ]


def _use_cards(days: int, used: Mapping[date, DayOfAll], hold: AllHold) -> Sequence[Card]:
    runs, failed = sum(each.runs for each in used.values()), sum(each.failed for each in used.values())
    usage = reverse("admin:usage")
    share = f"{failed / runs:.1%} of {number(runs)} runs in {days} days" if runs else f"in {days} days"
    storage = f"{number(hold.documents)} documents, {number(hold.documents_failed)} failed"
    return [
        Card("Failed runs", number(failed), "error", f"{usage}?order=-failed", share, "bad" if failed else ""),
        Card("Stored", filesizeformat(hold.storage), "database", f"{usage}?order=-storage", storage),
    ]


def _job_cards(jobs: Queue) -> Sequence[Card]:
    waits = timezone.now() - jobs.oldest if jobs.oldest else timedelta()
    oldest = f"the oldest for {timesince(jobs.oldest)}, " if jobs.oldest else ""
    held = f", {jobs.held} for a suspended tenant" if jobs.held else ""
    note = f"{oldest}{jobs.running} running, {jobs.later} for later{held}"
    return [
        Card("Jobs waiting", jobs.waiting, "pending_actions", "#jobs", note, "bad" if waits > LATE else ""),
        Card("Jobs that failed", jobs.failed, "assignment_late", "#jobs", tone="bad" if jobs.failed else ""),
    ]


def _version_card(hold: AllHold) -> Card:
    behind = f"{hold.behind} tenants' schemas lack migrations" if hold.behind else "All schemas are up to date"
    return Card("Release", release(), "deployed_code", "#versions", behind, "bad" if hold.behind else "")


def release() -> str:
    """The version of Atrium that answers."""
    try:
        return version("atrium")
    except PackageNotFoundError:  # run from its source, without having been installed
        return "from source"


def _behind() -> Sequence[Mapping[str, Any]]:
    found = TenantFigures.objects.filter(migrations_behind__gt=0).order_by("-migrations_behind", "schema_name")
    return list(found.values("schema_name", "migrations_behind")[:NEWEST])


def _charts(days: int, used: Mapping[date, DayOfAll]) -> Sequence[Chart]:
    span = last_days(days, today())
    ended = {day: each.runs - each.failed for day, each in used.items()}
    failed = {day: each.failed for day, each in used.items()}
    return [
        day_chart("runs", "Runs a day", span, [Series("runs", ended), Series("failed", failed, "bad")], number),
        *(
            day_chart(
                name, title, span, [Series(unit, {day: getattr(each, name) for day, each in used.items()})], words
            )
            for name, title, unit, words in (
                ("messages", "Messages a day", "messages", number),
                ("tokens", "Tokens a day", "tokens", number),
                ("cost", "Cost a day", "in US dollars", dollars),
            )
        ),
    ]
