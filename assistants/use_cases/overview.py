"""The current tenant's last days in numbers, for its console's first page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from assistants.models import Message, Run
from assistants.tenant_assistants import names_here

MOST_ASSISTANTS = 6
_DAY = TruncDate("created_at", tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DayOfUse:
    """One day (UTC). ``cost`` is in US dollars, without runs whose price is not known."""

    runs: int
    failed: int
    tokens: int
    cost: Decimal


@dataclass(frozen=True, slots=True)
class AssistantsUse:
    """What one assistant was asked. ``name`` is its id where it is not installed any more."""

    assistant_id: str
    name: str
    runs: int
    failed: int
    tokens: int
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Thumbs:
    """How many answers somebody found good or bad."""

    up: int
    down: int


@dataclass(frozen=True, slots=True)
class Support:
    """``unsupported``: questions to which a grounded assistant has said that nothing supports an answer. ``removed``:
    citations of passages that there were not, taken out of answers."""

    unsupported: int
    removed: int


def today() -> date:
    """In UTC, in which days are counted everywhere."""
    return timezone.now().astimezone(UTC).date()


def since_midnight(days: int) -> datetime:
    """When the first of the last ``days`` days began; today is one of them."""
    return datetime.combine(today() - timedelta(days=days - 1), time(), UTC)


def use_by_day(days: int) -> Mapping[date, DayOfUse]:
    """Of the days on which there was a run. One query on the runs' index by time."""
    found = Run.objects.filter(created_at__gte=since_midnight(days)).order_by().values(day=_DAY)
    summed = found.annotate(
        runs=Count("pk"),
        failed=Count("pk", filter=Q(status=Run.Status.FAILED)),
        tokens=Sum(F("tokens_in") + F("tokens_out")),
        spent=Sum("cost"),
    )
    return {
        row["day"]: DayOfUse(row["runs"], row["failed"], row["tokens"], row["spent"] or Decimal(0)) for row in summed
    }


def messages_by_day(days: int) -> Mapping[date, int]:
    """How many messages were written, by people, models and tools. One query on the messages' index by time."""
    found = Message.objects.filter(created_at__gte=since_midnight(days)).order_by().values(day=_DAY)
    return {row["day"]: row["number"] for row in found.annotate(number=Count("*"))}  # the key is not in the index


def top_assistants(days: int) -> Sequence[AssistantsUse]:
    """Those that were asked most, the first of them first."""
    found = Run.objects.filter(created_at__gte=since_midnight(days)).order_by().values("assistant_id")
    summed = found.annotate(
        runs=Count("pk"),
        failed=Count("pk", filter=Q(status=Run.Status.FAILED)),
        tokens=Sum(F("tokens_in") + F("tokens_out")),
        spent=Sum("cost"),
    )
    known = names_here()
    return [
        AssistantsUse(
            assistant_id=row["assistant_id"],
            name=known.get(row["assistant_id"], row["assistant_id"]),
            runs=row["runs"],
            failed=row["failed"],
            tokens=row["tokens"],
            cost=row["spent"] or Decimal(0),
        )
        for row in summed.order_by("-runs", "assistant_id")[:MOST_ASSISTANTS]
    ]


def failed_runs(days: int, most: int) -> Sequence[Run]:
    """The newest that failed, with their conversations."""
    found = Run.objects.filter(created_at__gte=since_midnight(days), status=Run.Status.FAILED)
    small = found.defer("receipt", "decisions", "error_detail_admin").select_related("thread")
    return list(small.order_by("-created_at")[:most])


def thumbs(days: int) -> Thumbs:
    """On answers of these days."""
    found = Message.objects.filter(created_at__gte=since_midnight(days), thumb__isnull=False)
    counted = found.order_by().aggregate(up=Count("pk", filter=Q(thumb=1)), down=Count("pk", filter=Q(thumb=-1)))
    return Thumbs(counted["up"], counted["down"])


def support(days: int) -> Support:
    """What answers of these days rested on. Two queries on indexes of the few runs that are concerned."""
    runs = Run.objects.filter(created_at__gte=since_midnight(days)).order_by()
    removed = runs.filter(removed_markers__gt=0).aggregate(sum=Sum("removed_markers"))
    return Support(runs.filter(grounding__in=Run.UNSUPPORTED).count(), removed["sum"] or 0)
