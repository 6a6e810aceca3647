"""What an embedded chat is used for, in figures. No text of a conversation is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from assistants.models import Message, Run, Thread
from embed.models import Site, SiteDay
from embed.use_cases.sites import check_may_manage
from tenants.actors import Actor
from tenants.models import Visitor

SPANS = (7, 30, 90)  # days
MOST_SITES = 50  # of one tenant, on one page


@dataclass(frozen=True, slots=True)
class SiteFigures:
    """A site's last days, today (UTC) among them. By day: what visitors wrote, and how often an answer cited nothing.

    ``cost`` is in US dollars, without the ``unpriced`` answers. ``without_source`` is out of ``answered``: answers that
    came to their end.
    """

    days: int
    conversations: int
    visitors: int
    messages: Mapping[date, int]
    answered: int
    without_source: Mapping[date, int]
    thumbs_up: int
    thumbs: int
    cost: Decimal
    unpriced: int

    @property
    def written(self) -> int:
        """All messages of visitors."""
        return sum(self.messages.values())

    @property
    def unsupported(self) -> int:
        """All answers that cited nothing."""
        return sum(self.without_source.values())

    @property
    def resolution(self) -> int | None:
        """Thumbs up in a hundred; None where nobody has given one."""
        return round(100 * self.thumbs_up / self.thumbs) if self.thumbs else None


def site_figures(actor: Actor, site: Site, days: int) -> SiteFigures:
    """The figures of a site's last ``days``. Five statements. Raises ``NotAllowed``."""
    check_may_manage(actor)
    return _figures(site, days)


def sites_in_figures(days: int) -> list[tuple[Site, SiteFigures]]:
    """Each site of the tenant with its figures, by name, at most ``MOST_SITES``: for operators, who see numbers only.

    In the tenant's context; who asks has been checked. Five statements a site.
    """
    return [(site, _figures(site, days)) for site in Site.objects.order_by("name")[:MOST_SITES]]


def _figures(site: Site, days: int) -> SiteFigures:
    first = timezone.now().astimezone(UTC).date() - timedelta(days=days - 1)
    since = datetime.combine(first, time(), UTC)
    counted = SiteDay.objects.filter(site=site, day__gte=first).values_list("day", "messages")
    rated = Message.objects.filter(thumb__isnull=False, created_at__gte=since, thread__visitor__site_id=site.pk)
    thumbs = rated.aggregate(up=Count("pk", filter=Q(thumb=1)), all=Count("pk"))
    runs = list(_runs_by_day(site, since))
    return SiteFigures(
        days=days,
        conversations=Thread.objects.filter(visitor__site_id=site.pk, created_at__gte=since).count(),
        visitors=Visitor.objects.filter(site_id=site.pk, seen_at__gte=since).count(),
        messages=dict(counted),
        answered=sum(each["answered"] for each in runs),
        without_source={each["day"]: each["without"] for each in runs},
        thumbs_up=thumbs["up"],
        thumbs=thumbs["all"],
        cost=sum((each["spent"] or Decimal(0) for each in runs), Decimal(0)),
        unpriced=sum(each["unpriced"] for each in runs),
    )


def _runs_by_day(site: Site, since: datetime):  # type: ignore[no-untyped-def]  # rows by name
    cited = Message.objects.filter(run=OuterRef("pk")).exclude(citations=[])
    completed = Q(status=Run.Status.COMPLETED)
    runs = Run.objects.filter(thread__visitor__site_id=site.pk, created_at__gte=since).order_by()
    by_day = runs.annotate(day=TruncDate("created_at", tzinfo=UTC), cites=Exists(cited)).values("day")
    return by_day.annotate(
        answered=Count("pk", filter=completed),
        without=Count("pk", filter=completed & Q(cites=False)),
        spent=Sum("cost"),
        unpriced=Count("pk", filter=completed & Q(cost=None)),
    )
