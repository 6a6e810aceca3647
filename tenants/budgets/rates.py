"""Rate limits: so many requests a minute, right with any number of processes.

Who is limited has a bucket of a minute's requests, which empties steadily (the generic cell rate algorithm: one time
stamp for each bucket, no windows at whose edges twice as much gets through). One statement counts at all limits that
hold for a request; where there are none, there is no statement.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from tenants.actors import Actor
from tenants.budgets.errors import RateLimited
from tenants.budgets.in_force import Terms, terms
from tenants.context import public_context, require_tenant

KEPT = timedelta(days=400)  # counters of budgets


def check_rate(actor: Actor | None, address: str) -> None:
    """Count a request to the current tenant; raises ``RateLimited``. ``actor`` is None where nobody is signed in."""
    limits = [{"key": key, "limit": limit} for key, limit in _limits(terms(), actor, address)]
    if not limits:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT public.atrium_take(%s, %s::jsonb)", [require_tenant().schema_name, json.dumps(limits)])
        wait = cursor.fetchone()[0]
    if wait > 0:
        raise RateLimited(retry_after=max(1, math.ceil(wait)))


def forget_old() -> None:
    """Drop what has no meaning any more."""
    from tenants.models import BudgetCounter, RateBucket

    with public_context():
        RateBucket.objects.filter(empty_at__lt=timezone.now()).delete()
        BudgetCounter.objects.filter(ends_at__lt=timezone.now() - KEPT).delete()


def _limits(terms: Terms, actor: Actor | None, address: str) -> Iterator[tuple[str, int]]:
    """Buckets and their limits, in the order in which all transactions lock them: what few share comes first."""
    rates = terms.rates
    if actor is not None and actor.api_key_id is not None and "key" in rates:
        yield f"key:{actor.api_key_id}", rates["key"]
    if actor is not None and actor.user_id is not None and "member" in rates:
        yield f"member:{actor.user_id}", rates["member"]
    if address and "address" in rates:
        yield f"address:{address}", rates["address"]
    if terms.plan.requests_a_minute is not None:
        yield "all", terms.plan.requests_a_minute
