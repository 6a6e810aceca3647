"""``/healthz``: the process is alive. ``/readyz``: it can serve. Both on any host, without a tenant or a session."""

from __future__ import annotations

import asyncio
import logging

from asgiref.sync import markcoroutinefunction
from django.db import Error, connection
from django.http import HttpRequest, HttpResponseBase, JsonResponse

from assistants.use_cases.tally import tenants_behind
from tenants.context import PUBLIC, public_context
from tenants.database import in_database
from tenants.middleware import GetResponse
from tenants.provisioning.migrate import is_current

log = logging.getLogger(__name__)

QUEUE_STALLED_AFTER = 300  # seconds that the oldest waiting job may wait
TIMEOUT = 5.0  # seconds

# A job that could run (no retry time in the future) and has waited since it was queued.
_OLDEST_WAITING = """
    SELECT coalesce(extract(epoch FROM now() - min(coalesce(jobs.scheduled_at, deferred.at))), 0)
    FROM procrastinate_jobs jobs
    JOIN LATERAL (SELECT min(at) AS at FROM procrastinate_events WHERE job_id = jobs.id) deferred ON true
    WHERE jobs.status = 'todo' AND (jobs.scheduled_at IS NULL OR jobs.scheduled_at <= now())
"""


class HealthMiddleware:
    """Answers the two paths before hosts, sessions or TLS redirects have a say."""

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a health path, or pass the request on."""
        if request.path == "/healthz":
            return JsonResponse({"status": "alive"})
        if request.path == "/readyz":
            return await _ready()
        return await self.get_response(request)


async def _ready() -> JsonResponse:
    try:
        checks, behind = await asyncio.wait_for(in_database(_checks), TIMEOUT)
    except (Error, TimeoutError) as error:
        log.warning("not ready", extra={"error": type(error).__name__})
        checks, behind = {"database": False, "migrations": False, "queue": False}, None
    ready = all(checks.values())
    said = {"status": "ready" if ready else "not ready", "checks": checks, "tenants_behind": behind}
    return JsonResponse(said, status=200 if ready else 503)


def _checks() -> tuple[dict[str, bool], int | None]:
    """The checks, and how many tenants' schemas lack a migration: that one tenant's failed is for an alarm, and no
    reason to send the others nowhere. None where that is not known."""
    with public_context():
        current = is_current(PUBLIC)
        checks = {"database": True, "migrations": current, "queue": current and _queue_moves()}
        return checks, tenants_behind() if current else None


def _queue_moves() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST_WAITING)
        (waited,) = cursor.fetchone()
    return waited < QUEUE_STALLED_AFTER
