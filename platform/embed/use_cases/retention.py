"""What is not kept of visitors: conversations after the site's days, and what browsers no longer need."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

from assistants.models import Run, Thread
from embed.models import Site, UsedIdentity, VisitorDay, VisitorSession
from tenants.models import Visitor

AT_ONCE = 500  # threads, or visitors, that go in one statement
SILENT = timedelta(days=90)  # visitors without a conversation, at sites that keep theirs without limit


def forget_visitors() -> int:
    """Delete the conversations in which nothing has happened for the site's days, and then visitors who have none and
    were not seen for so long. Returns how many conversations there were.

    Where conversations are kept without limit, visitors who have none (they looked and wrote nothing) go after
    ``SILENT``, as long as the longest figures of a site go back.
    """
    forgotten = 0
    for site_id, days in Site.objects.values_list("pk", "kept_days"):
        kept = SILENT if days is None else timedelta(days=days)
        if days is not None:
            forgotten += _forget_threads(site_id, kept)
        _forget_silent(site_id, kept)
    return forgotten


def forget_used() -> None:
    """Delete sessions and statements that have ended, and the counts of days before."""
    now = timezone.now()
    VisitorSession.objects.filter(expires_at__lt=now).delete()
    UsedIdentity.objects.filter(expires_at__lt=now).delete()
    VisitorDay.objects.filter(day__lt=now.date()).delete()


def _forget_threads(site_id: str, kept: timedelta) -> int:
    before, forgotten = timezone.now() - kept, 0
    active = Run.objects.filter(thread=OuterRef("pk"), status__in=Run.ACTIVE)
    old = Thread.objects.filter(visitor__site_id=site_id, updated_at__lt=before).exclude(Exists(active)).order_by()
    while keys := list(old.values_list("pk", flat=True)[:AT_ONCE]):
        Thread.objects.filter(pk__in=keys).delete()
        forgotten += len(keys)
    return forgotten


def _forget_silent(site_id: str, kept: timedelta) -> None:
    of_visitor = Thread.objects.filter(visitor=OuterRef("pk"))
    unseen = Visitor.objects.filter(site_id=site_id, seen_at__lt=timezone.now() - kept).order_by()
    silent = unseen.exclude(Exists(of_visitor))
    while keys := list(silent.values_list("pk", flat=True)[:AT_ONCE]):
        silent.filter(pk__in=keys).delete()
