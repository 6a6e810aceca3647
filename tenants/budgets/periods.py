"""When a budget starts and when it starts anew. Pure; all in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Period:
    """From ``starts_at`` until before ``ends_at``."""

    starts_at: datetime
    ends_at: datetime


def period_at(kind: str, now: datetime) -> Period:
    """The day or the month (``kind``: "day", "month") that ``now`` is in. Raises ``ValueError`` for another kind."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if kind == "day":
        return Period(midnight, midnight + timedelta(days=1))
    if kind == "month":
        first = midnight.replace(day=1)
        return Period(first, (first + timedelta(days=32)).replace(day=1))
    raise ValueError(f"there is no period {kind!r}")
