"""The consoles' first pages: a few counts, each a link to what is counted, and what needs somebody's attention."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from assistants.models import Run, Thread
from rag.models import Document
from tenants.models import AccessRule, ApiKey, Tenant, User

WEEK = timedelta(days=7)
NEWEST = 6  # rows in a list


@dataclass(frozen=True)
class Card:
    """A count with its link. ``note`` says more in small print; ``tone`` is "", "good" or "bad"."""

    title: str
    count: int
    icon: str
    link: str
    note: str = ""
    tone: str = ""


def operator_dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Tenants by status and operators, and the newest tenants."""
    by_status = Q(status=Tenant.Status.SUSPENDED)
    tenants = Tenant.objects.aggregate(all=Count("pk"), suspended=Count("pk", filter=by_status))
    active = tenants["all"] - tenants["suspended"]
    cards = [
        Card("Active tenants", active, "domain", _list("tenants.tenant", status__exact="active")),
        Card("Suspended", tenants["suspended"], "pause_circle", _list("tenants.tenant", status__exact="suspended")),
        Card("Operators", User.objects.filter(is_active=True).count(), "shield_person", _list("tenants.user")),
    ]
    newest = Tenant.objects.order_by("-created_at").prefetch_related("domains")[:NEWEST]
    return {**context, "cards": cards, "newest_tenants": newest, "may_add_tenant": True}


def tenant_dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the person may see of the tenant: conversations, documents, members, rules and keys."""
    cards: list[Card] = []
    more: dict[str, Any] = {"greeting": getattr(request.user, "display_name", "")}
    if _may_see(request.user, "assistants.thread"):
        cards += _thread_cards()
        more["newest_threads"] = Thread.objects.select_related("created_by", "api_key")[:NEWEST]
    if _may_see(request.user, "rag.document"):
        cards += _document_cards()
        failed = Document.objects.filter(status=Document.Status.FAILED).defer("text", "metadata")
        more["failed_documents"] = failed.order_by("-updated_at")[:NEWEST]
        more["may_add_document"] = request.user.has_perm("rag.add_document")  # type: ignore[union-attr]
    if _may_see(request.user, "tenants.user"):
        members = User.objects.filter(is_active=True).count()
        cards.append(Card("Members", members, "group", _list("tenants.user", is_active__exact=1)))
    if _may_see(request.user, "tenants.accessrule"):
        cards.append(_rule_card())
    if _may_see(request.user, "tenants.apikey"):
        ended = Q(revoked_at__isnull=False) | Q(expires_at__lte=timezone.now())
        keys = ApiKey.objects.exclude(ended).count()
        cards.append(Card("API keys", keys, "key", _list("tenants.apikey", state="valid")))
    return {**context, **more, "cards": cards}


def _thread_cards() -> list[Card]:
    since = timezone.now() - WEEK
    threads = Thread.objects.filter(created_at__gte=since).count()
    failed = Run.objects.filter(created_at__gte=since, status=Run.Status.FAILED).count()
    return [
        Card("Threads this week", threads, "forum", _list("assistants.thread")),
        Card(
            "Failed runs this week",
            failed,
            "error",
            _list("assistants.thread", runs="failed"),
            tone="bad" if failed else "",
        ),
    ]


def _document_cards() -> list[Card]:
    status = Document.Status
    counts = Document.objects.aggregate(
        ready=Count("pk", filter=Q(status=status.READY)),
        failed=Count("pk", filter=Q(status=status.FAILED)),
        all=Count("pk"),
    )
    working = counts["all"] - counts["ready"] - counts["failed"]
    notes = [f"{working} being taken in"] if working else []
    notes += [f"{counts['failed']} failed"] if counts["failed"] else []
    link = _list("rag.document", status__exact="failed") if counts["failed"] else _list("rag.document")
    tone = "bad" if counts["failed"] else ""
    return [Card("Documents ready", counts["ready"], "description", link, ", ".join(notes), tone)]


def _rule_card() -> Card:
    rules = AccessRule.objects.aggregate(
        in_force=Count("pk", filter=Q(enabled=True)),
        allowing=Count("pk", filter=Q(enabled=True, effect=AccessRule.Effect.ALLOW)),
    )
    link = _list("tenants.accessrule", enabled__exact=1)
    if not rules["allowing"]:
        return Card("Access rules", rules["in_force"], "rule", link, "No rule allows anything to anybody", "bad")
    return Card("Access rules", rules["in_force"], "rule", link)


def _may_see(user: AbstractBaseUser | AnonymousUser, model: str) -> bool:
    app, name = model.split(".")
    return user.has_perm(f"{app}.view_{name}")  # type: ignore[union-attr]


def _list(model: str, **filters: object) -> str:
    """The address of a model's list on the console that is being looked at."""
    address = reverse(f"admin:{model.replace('.', '_')}_changelist")
    return f"{address}?{urlencode(filters)}" if filters else address
