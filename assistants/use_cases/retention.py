"""What is not kept for ever: the events of runs that ended long ago, and keys of requests. Runs and messages stay."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from assistants.models import IdempotencyKey, Run, RunEvent
from assistants.runs.idempotency import KEPT_FOR

log = logging.getLogger(__name__)

RUNS_AT_ONCE = 500  # whose events go in one statement: about 20,000 rows


def forget_old_events() -> int:
    """Delete the events of runs that ended more than ``ATRIUM_RUN_EVENTS_DAYS`` ago; 0 keeps them for ever.

    Returns how many there were. Each batch is a statement by itself: what is interrupted goes on the next day.
    """
    days = settings.ATRIUM_RUN_EVENTS_DAYS
    if not days:
        return 0
    ended = Run.objects.filter(finished_at__lt=timezone.now() - timedelta(days=days))
    old = list(ended.filter(pk__in=RunEvent.objects.order_by().values("run")).order_by().values_list("pk", flat=True))
    forgotten = 0
    for start in range(0, len(old), RUNS_AT_ONCE):
        forgotten += RunEvent.objects.filter(run__in=old[start : start + RUNS_AT_ONCE]).delete()[0]
    log.info("old events were deleted", extra={"runs": len(old), "events": forgotten})
    return forgotten


def forget_old_keys() -> int:
    """Delete the idempotency keys that are no longer honoured. Returns how many there were."""
    return IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()[0]
