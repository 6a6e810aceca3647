"""The one way in which entries of the audit log end while their tenant lives: they get old.

The database lets go of what is older than ``FEWEST_DAYS``, and only in a transaction that says that it cleans
(tenants/migrations). ``ATRIUM_AUDIT_DAYS`` says how long entries are kept; without it, for ever.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from tenants.audit.recording import Target, record
from tenants.models import AuditEntry

FEWEST_DAYS = 90
BATCH = 5000  # entries a transaction


def forget_old_entries() -> int:
    """Delete the entries of the schema in force that are not kept any longer, and record how many; returns that."""
    days = settings.ATRIUM_AUDIT_DAYS
    if not days:
        return 0
    before, number = timezone.now() - timedelta(days=max(days, FEWEST_DAYS)), 0
    while done := _forget_some(before):
        number += done
    return number


def _forget_some(before: object) -> int:
    with transaction.atomic():
        old = AuditEntry.objects.filter(created_at__lt=before).order_by("pk")[:BATCH]
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('atrium.audit_retention', 'on', true)")
            number, _ = AuditEntry.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()
            cursor.execute("SELECT set_config('atrium.audit_retention', 'off', true)")
        if number:
            record("audit_log.shortened", Target("audit_log"), after={"entries": number, "older than": str(before)})
    return number
