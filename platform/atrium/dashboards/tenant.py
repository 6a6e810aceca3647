"""The first page of a tenant's console: each part for who may see what it counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from assistants.models import Thread
from assistants.use_cases.overview import (
    DayOfUse,
    failed_runs,
    messages_by_day,
    since_midnight,
    support,
    thumbs,
    today,
    top_assistants,
    use_by_day,
)
from assistants.use_cases.usage import may_see_usage
from atrium.dashboards.budgets import shown_budgets
from atrium.dashboards.cards import Card, dollars, list_of, may_see, number, span_of, spans
from atrium.dashboards.charts import Chart, Series, day_chart, last_days
from rag.access import access_documents
from rag.models import Document
from tenants.admin import actor_in_console
from tenants.models import AccessRule, ApiKey, User

NEWEST = 6  # rows in a list
MOST_BUDGETS = 4
Use = Mapping[date, DayOfUse]
_WORKING = (Document.Status.QUEUED, Document.Status.EXTRACTING, Document.Status.EMBEDDING)


def tenant_dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the person may see of the tenant: use, conversations, documents, members, rules and keys."""
    days = span_of(request)
    more: dict[str, Any] = {"greeting": getattr(request.user, "display_name", ""), "days": days}
    cards: list[Card] = []
    if may_see(request.user, "assistants.thread"):
        used = use_by_day(days)
        more |= _conversations(days, used, may_see_usage(actor_in_console(request)))
        cards += [_thread_card(days), _failed_card(days, used), _thumbs_card(days), _support_card(days)]
    if may_see(request.user, "rag.document"):
        readable = access_documents(actor_in_console(request))
        cards.append(_document_card(readable))
        more |= _documents(readable)
        more["may_add_document"] = request.user.has_perm("rag.add_document")  # type: ignore[union-attr]
    if may_see(request.user, "tenants.user"):
        members = User.objects.filter(is_active=True).count()
        cards.append(Card("Members", members, "group", list_of("tenants.user", is_active__exact=1)))
    if may_see(request.user, "tenants.accessrule"):
        cards.append(_rule_card())
    if may_see(request.user, "tenants.apikey"):
        ended = Q(revoked_at__isnull=False) | Q(expires_at__lte=timezone.now())
        keys = ApiKey.objects.exclude(ended).count()
        cards.append(Card("API keys", keys, "key", list_of("tenants.apikey", state="valid")))
    return {**context, **more, "cards": cards}


def _conversations(days: int, used: Use, may_see_costs: bool) -> dict[str, Any]:
    more: dict[str, Any] = {
        "spans": spans(days),
        "charts": _charts(days, used, may_see_costs),
        "may_see_costs": may_see_costs,
        "top_assistants": top_assistants(days),
        "failed_runs": failed_runs(days, NEWEST),
        "newest_threads": _newest_threads(),
    }
    if may_see_costs:
        more["budgets"] = shown_budgets(MOST_BUDGETS)
    return more


def _charts(days: int, used: Use, may_see_costs: bool) -> Sequence[Chart]:
    span = last_days(days, today())
    ended = {day: each.runs - each.failed for day, each in used.items()}
    failed = {day: each.failed for day, each in used.items()}
    charts = [
        day_chart("runs", "Runs a day", span, [Series("runs", ended), Series("failed", failed, "bad")], number),
        day_chart("messages", "Messages a day", span, [Series("messages", messages_by_day(days))], number),
    ]
    if may_see_costs:
        tokens = {day: each.tokens for day, each in used.items()}
        cost = {day: each.cost for day, each in used.items()}
        charts.append(day_chart("tokens", "Tokens a day", span, [Series("tokens", tokens)], number))
        charts.append(day_chart("cost", "Cost a day", span, [Series("in US dollars", cost)], dollars))
    return charts


def _thread_card(days: int) -> Card:
    threads = Thread.objects.filter(created_at__gte=since_midnight(days)).count()
    return Card("New threads", threads, "forum", list_of("assistants.thread"), f"in {days} days")


def _failed_card(days: int, used: Use) -> Card:
    runs = sum(each.runs for each in used.values())
    failed = sum(each.failed for each in used.values())
    link = list_of("assistants.run", status__exact="failed")
    return Card("Failed runs", number(failed), "error", link, f"of {number(runs)}", "bad" if failed else "")


def _thumbs_card(days: int) -> Card:
    found = thumbs(days)
    link = list_of("assistants.thread", feedback="down" if found.down else "up")
    return Card("Answers found good", found.up, "thumbs_up_down", link, f"{found.down} found bad")


def _support_card(days: int) -> Card:
    found = support(days)
    link = list_of("assistants.run", support="wrong" if found.removed and not found.unsupported else "none")
    return Card(
        "Answers without a source", found.unsupported, "quick_reference", link, f"{found.removed} wrong citations"
    )


def _document_card(documents: QuerySet[Document]) -> Card:
    status = Document.Status
    unusual = documents.exclude(status=status.READY).aggregate(
        failed=Count("pk", filter=Q(status=status.FAILED)), all=Count("pk")
    )
    ready = documents.filter(status=status.READY).count()
    working = unusual["all"] - unusual["failed"]
    notes = [f"{working} being taken in"] if working else []
    notes += [f"{unusual['failed']} failed"] if unusual["failed"] else []
    link = list_of("rag.document", status__exact="failed") if unusual["failed"] else list_of("rag.document")
    return Card("Documents ready", ready, "description", link, ", ".join(notes), "bad" if unusual["failed"] else "")


def _documents(documents: QuerySet[Document]) -> dict[str, Any]:
    small = documents.defer("text", "metadata")
    return {
        "failed_documents": small.filter(status=Document.Status.FAILED).order_by("-updated_at")[:NEWEST],
        "working_documents": small.filter(status__in=_WORKING).order_by("-updated_at")[:NEWEST],
    }


def _rule_card() -> Card:
    rules = AccessRule.objects.aggregate(
        in_force=Count("pk", filter=Q(enabled=True)),
        allowing=Count("pk", filter=Q(enabled=True, effect=AccessRule.Effect.ALLOW)),
    )
    link = list_of("tenants.accessrule", enabled__exact=1)
    if not rules["allowing"]:
        return Card("Access rules", rules["in_force"], "rule", link, "No rule allows anything to anybody", "bad")
    return Card("Access rules", rules["in_force"], "rule", link)


def _newest_threads() -> QuerySet[Thread]:
    """Of everybody, with who began each."""
    return Thread.objects.select_related("created_by", "api_key", "visitor").order_by("-created_at")[:NEWEST]
