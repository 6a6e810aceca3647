"""Rate limits: so many requests a minute, right with any number of processes.

Who is limited has a bucket of a minute's requests, which empties steadily (the generic cell rate algorithm: one time
stamp for each bucket, no windows at whose edges twice as much gets through). One step counts at all limits that hold
for a request, in Redis where the deployment has one, else in PostgreSQL; where there are no limits, there is no step.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from tenants.actors import Actor
from tenants.budgets.errors import RateLimited
from tenants.budgets.in_force import Terms, terms
from tenants.budgets.redis_buckets import Limit, RedisBuckets, redis_buckets
from tenants.context import public_context, require_tenant
from tenants.database import in_database

KEPT = timedelta(days=400)  # counters of budgets


async def find_and_count(find: Callable[[], Actor | None], address: str) -> Actor | None:
    """Who sends a request to the current tenant; ``find`` asks the database. The request is counted.

    Of a wrong key, too: whoever guesses is counted by the address. Raises ``RateLimited``.
    """
    redis = redis_buckets()
    if redis is None:
        return await in_database(_find_and_check, find, address)
    actor, limits = await in_database(_find_with_limits, find, address)
    await _count(redis, limits)
    return actor


async def count_request(limits: Sequence[Limit]) -> None:
    """Count a request to the current tenant at limits of the caller's own: keys of buckets, and so many a minute.

    Raises ``RateLimited``.
    """
    redis = redis_buckets()
    if redis is None:
        _refuse(await in_database(_take, limits))
    else:
        await _count(redis, limits)


def seconds_to_wait(limits: Sequence[Limit]) -> float:
    """Count at limits of the caller's own, in PostgreSQL and in the caller's transaction. 0: it may pass."""
    return _take(limits)


def check_rate(actor: Actor | None, address: str) -> None:
    """Count a request in PostgreSQL; raises ``RateLimited``. ``actor`` is None where nobody is signed in."""
    _refuse(_take(limits_for(actor, address)))


def limits_for(actor: Actor | None, address: str) -> list[Limit]:
    """The limits that hold for a request to the current tenant."""
    return list(_limits(terms(), actor, address))


def forget_old() -> None:
    """Drop what has no meaning any more."""
    from tenants.models import BudgetCounter, RateBucket

    with public_context():
        RateBucket.objects.filter(empty_at__lt=timezone.now()).delete()
        BudgetCounter.objects.filter(ends_at__lt=timezone.now() - KEPT).delete()


def _find_and_check(find: Callable[[], Actor | None], address: str) -> Actor | None:
    actor = find()
    check_rate(actor, address)
    return actor


def _find_with_limits(find: Callable[[], Actor | None], address: str) -> tuple[Actor | None, list[Limit]]:
    actor = find()
    return actor, limits_for(actor, address)


async def _count(redis: RedisBuckets, limits: Sequence[Limit]) -> None:
    """Count in Redis; in PostgreSQL while that does not answer, so that a limit always holds."""
    if not limits:
        return
    wait = await redis.take(require_tenant().schema_name, limits)
    _refuse(await in_database(_take, limits) if wait is None else wait)


def _take(limits: Sequence[Limit]) -> float:
    """Count in PostgreSQL. Returns the seconds to wait; 0 where the request may pass."""
    if not limits:
        return 0
    asked = json.dumps([{"key": key, "limit": limit} for key, limit in limits])
    with connection.cursor() as cursor:
        cursor.execute("SELECT public.atrium_take(%s, %s::jsonb)", [require_tenant().schema_name, asked])
        wait: float = cursor.fetchone()[0]
    return wait


def _refuse(wait: float) -> None:
    if wait > 0:
        raise RateLimited(retry_after=max(1, math.ceil(wait)))


def _limits(terms: Terms, actor: Actor | None, address: str) -> Iterator[Limit]:
    """Buckets and their limits, in the order in which all transactions lock them: what few share comes first."""
    rates = terms.rates
    if actor is not None and actor.api_key_id is not None and "key" in rates:
        yield f"key:{actor.api_key_id}", rates["key"]
    if actor is not None and actor.user_id is not None and "member" in rates:
        yield f"member:{actor.user_id}", rates["member"]
    if actor is not None and actor.site_id and "site" in rates:
        yield f"site:{actor.site_id}", rates["site"]
    if address and "address" in rates:
        yield f"address:{address}", rates["address"]
    if terms.plan.requests_a_minute is not None:
        yield "all", terms.plan.requests_a_minute
