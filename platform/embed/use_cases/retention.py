"""What is not kept of visitors: conversations after the site's days, and what browsers no longer need."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

from assistants.models import Run, Thread
from embed.models import Site, UsedIdentity, VisitorDay, VisitorSession
from tenants.models import Visitor

AT_ONCE = 500  # threads that go in one statement


def forget_visitors() -> int:
    """Delete the conversations in which nothing has happened for the site's days, and then visitors who have none and
    were not seen for so long. Returns how many conversations there were."""
    forgotten = 0
    for site in Site.objects.exclude(kept_days=None):
        assert site.kept_days is not None
        forgotten += _forget(site.pk, timedelta(days=site.kept_days))
    return forgotten


def forget_used() -> None:
    """Delete sessions and statements that have ended, and the counts of days before."""
    now = timezone.now()
    VisitorSession.objects.filter(expires_at__lt=now).delete()
    UsedIdentity.objects.filter(expires_at__lt=now).delete()
    VisitorDay.objects.filter(day__lt=now.date()).delete()


def _forget(site_id: str, kept: timedelta) -> int:
    before, forgotten = timezone.now() - kept, 0
    active = Run.objects.filter(thread=OuterRef("pk"), status__in=Run.ACTIVE)
    old = Thread.objects.filter(visitor__site_id=site_id, updated_at__lt=before).exclude(Exists(active)).order_by()
    while keys := list(old.values_list("pk", flat=True)[:AT_ONCE]):
        Thread.objects.filter(pk__in=keys).delete()
        forgotten += len(keys)
    of_visitor = Thread.objects.filter(visitor=OuterRef("pk"))
    Visitor.objects.filter(site_id=site_id, seen_at__lt=before).exclude(Exists(of_visitor)).delete()
    return forgotten
