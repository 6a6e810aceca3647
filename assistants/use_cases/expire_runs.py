"""Runs that wait for somebody's approval, and nobody comes."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from assistants.models import Run
from assistants.use_cases.runs import end_waiting

log = logging.getLogger(__name__)

CODE = "approval_expired"


def expire_waiting_runs() -> int:
    """End the runs that have waited for more than ``ATRIUM_RUN_WAIT_DAYS``, so that their threads are free; 0 lets them
    wait for ever. Their proposed tool calls are not made.

    Returns how many there were. Each ends by itself: what is interrupted goes on the next day.
    """
    days = settings.ATRIUM_RUN_WAIT_DAYS
    if not days:
        return 0
    waiting = Run.objects.filter(status=Run.Status.WAITING).annotate(since=Max("events__created_at")).order_by()
    old = list(waiting.filter(since__lt=timezone.now() - timedelta(days=days)).values_list("pk", flat=True))
    expired = sum(_expire(run_id, days) for run_id in old)
    log.info("runs that waited for approval have expired", extra={"runs": expired})
    return expired


@transaction.atomic
def _expire(run_id: Any, days: int) -> bool:
    """False where somebody has decided, or stopped the run, just now."""
    rows = Run.objects.select_for_update(of=("self",), skip_locked=True)
    run = rows.filter(pk=run_id, status=Run.Status.WAITING).first()
    if run is None:
        return False
    detail = f"Nobody approved or refused the tool calls within {days} {'day' if days == 1 else 'days'}. Ask again."
    said = {"code": CODE, "detail": detail}
    end_waiting(run, "error", said, status=Run.Status.FAILED, error_code=CODE, error_detail=detail)
    return True
