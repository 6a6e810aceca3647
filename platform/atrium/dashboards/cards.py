"""What both first pages are put together from: counts that lead to what is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from urllib.parse import urlencode

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import HttpRequest
from django.urls import reverse

SPANS = (7, 30, 90)  # days that can be looked at
USUAL_SPAN = 30


@dataclass(frozen=True)
class Card:
    """A count with its link. ``note`` says more in small print; ``tone`` is "", "good" or "bad"."""

    title: str
    count: int | str
    icon: str
    link: str
    note: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Span:
    """How many days a page shows: a choice, and whether it is the one taken."""

    days: int
    chosen: bool


def span_of(request: HttpRequest) -> int:
    """The days that are asked for in the address; the usual ones for anything else."""
    asked = request.GET.get("days", "")
    return int(asked) if asked in map(str, SPANS) else USUAL_SPAN


def spans(chosen: int) -> Sequence[Span]:
    """The choices."""
    return [Span(days, days == chosen) for days in SPANS]


def may_see(user: AbstractBaseUser | AnonymousUser, model: str) -> bool:
    """True where the person may open the model's list."""
    app, name = model.split(".")
    return user.has_perm(f"{app}.view_{name}")  # type: ignore[union-attr]


def list_of(model: str, **filters: object) -> str:
    """The address of a model's list on the console that is being looked at."""
    address = reverse(f"admin:{model.replace('.', '_')}_changelist")
    return f"{address}?{urlencode(filters)}" if filters else address


def number(value: int | Decimal) -> str:
    """1,234"""
    return f"{value:,}"


def dollars(value: int | Decimal) -> str:
    """To the cent; small sums to a hundredth of one."""
    exact = Decimal(value)
    places = Decimal("0.0001") if 0 < exact < 1 else Decimal("0.01")
    return f"${exact.quantize(places, ROUND_HALF_UP):,}"
