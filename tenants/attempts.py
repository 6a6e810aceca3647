"""Counting attempts, in one statement each: many that come at the same moment are counted one by one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F, Q
from django.utils import timezone

from tenants.models import Attempts

KEPT = timedelta(days=1)  # longer than any window; what is older is removed on the way


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``attempts`` in ``window``; then none until ``window`` has passed since the last that was allowed."""

    attempts: int
    window: timedelta


def key_of(*parts: str) -> str:
    """What is counted, as a digest: neither user names nor addresses are kept."""
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()


def locked_until(key: str, limit: Limit) -> datetime | None:
    """When the next attempt is allowed, if none is now. Counts nothing."""
    found = Attempts.objects.filter(pk=key, count__gte=limit.attempts).values_list("since", flat=True).first()
    until = found + limit.window if found else None
    return until if until and until > timezone.now() else None


def count(key: str, limit: Limit) -> tuple[int, datetime]:
    """Count one attempt, before it is made. Returns its number and the moment at which counting begins anew.

    It is allowed if its number is at most ``limit.attempts``. The last that is allowed begins the waiting time.
    """
    now = timezone.now()
    values: dict[str, Any] = {"key": key, "now": now, "begin": now - limit.window, "last": limit.attempts}
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, values)
        number, since = cursor.fetchone()
    return number, since + limit.window


def forget(*keys: str) -> None:
    """Begin anew for these, and drop what is long over."""
    Attempts.objects.filter(Q(pk__in=keys) | Q(since__lt=timezone.now() - KEPT)).delete()


def take_back(key: str) -> None:
    """The attempt that was counted last was none."""
    Attempts.objects.filter(pk=key, count__gt=0).update(count=F("count") - 1)


_TABLE = Attempts._meta.db_table
_COUNT = f"""
INSERT INTO {_TABLE} AS known (key, count, since) VALUES (%(key)s, 1, %(now)s)
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN known.since <= %(begin)s THEN 1 ELSE known.count + 1 END,
    since = CASE WHEN known.since <= %(begin)s OR known.count + 1 = %(last)s THEN %(now)s ELSE known.since END
RETURNING count, since
"""  # noqa: S608  our own table's name
