"""Count what each tenant uses and holds, for the operators' pages: those read two small tables, and no tenant's own.

One statement a tenant. With a thousand tenants that is seconds, which a page cannot take, so a job does it
(docs/decisions/0016-operators-read-counted-figures.md).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from assistants.models import TenantFigures, UsageDay
from tenants.context import TenantRef, public_context, tenant_context
from tenants.models import Tenant
from tenants.provisioning.direct import without_pool

log = logging.getLogger(__name__)

COUNTED_AGAIN = 7  # days: a run that waited for an approval adds to the day on which it began
KEPT = 400  # days that are counted for a tenant that has never been
AT_ONCE = 100  # tenants a connection: one that has looked into thousands of schemas keeps much memory

_USED = ("runs", "failed", "messages", "tokens", "cost", "unpriced")
_HELD = ("members", "documents", "documents_failed", "storage", "migrations_behind", "counted_at")
_SQL = """
WITH used AS (
    SELECT (created_at AT TIME ZONE 'UTC')::date AS day, count(*) AS runs,
           count(*) FILTER (WHERE status = 'failed') AS failed, sum(tokens_in + tokens_out) AS tokens,
           coalesce(sum(cost), 0) AS cost, count(*) FILTER (WHERE cost IS NULL) AS unpriced
    FROM assistants_run WHERE created_at >= %(since)s GROUP BY 1
), said AS (
    SELECT (created_at AT TIME ZONE 'UTC')::date AS day, count(*) AS messages
    FROM assistants_message WHERE created_at >= %(since)s GROUP BY 1
)
SELECT
    (SELECT coalesce(jsonb_agg(jsonb_build_object(
        'day', day, 'runs', coalesce(runs, 0), 'failed', coalesce(failed, 0), 'messages', coalesce(messages, 0),
        'tokens', coalesce(tokens, 0), 'cost', coalesce(cost, 0)::text, 'unpriced', coalesce(unpriced, 0)
    )), '[]') FROM used FULL JOIN said USING (day)),
    (SELECT count(*) FROM tenants_user WHERE is_active),
    documents, documents_failed, storage,
    (SELECT array_agg(app || '.' || name) FROM django_migrations)
FROM (
    SELECT count(*) AS documents, count(*) FILTER (WHERE status = 'failed') AS documents_failed,
           coalesce(sum(size), 0)::bigint AS storage
    FROM rag_document
) AS held
"""


def tally_tenants(now: datetime | None = None) -> int:
    """Count all tenants, suspended and archived ones too. Returns how many were counted.

    A tenant that cannot be read is logged and keeps its old figures, whose time says that they are old.
    """
    now = now or timezone.now()
    wanted = frozenset(f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations)
    with public_context():
        tenants = [tenant.as_ref() for tenant in Tenant.objects.order_by("pk")]
        known = set(TenantFigures.objects.values_list("schema_name", flat=True))
    counted = 0
    for some in _in_batches(tenants):
        with without_pool():
            found = [row for tenant in some if (row := _count(tenant, tenant.schema_name in known, wanted, now))]
            _store(found)
            counted += len(found)
    return counted


def forget_tally(schema_name: str) -> None:
    """A tenant that is gone leaves nothing to a later one with its schema's name."""
    with public_context():
        UsageDay.objects.filter(schema_name=schema_name).delete()
        TenantFigures.objects.filter(schema_name=schema_name).delete()


def note_migrations(current: Sequence[str], behind: Sequence[str]) -> None:
    """After a run of migrations: the schemas that lack nothing, and those that lack at least one, until all are
    counted again. A tenant that has never been counted is not noted."""
    with public_context():
        TenantFigures.objects.filter(schema_name__in=current, migrations_behind__gt=0).update(migrations_behind=0)
        TenantFigures.objects.filter(schema_name__in=behind, migrations_behind=0).update(migrations_behind=1)


def tenants_behind() -> int:
    """How many tenants' schemas lacked a migration when they were counted last. Small and without a look into any."""
    with public_context():
        return TenantFigures.objects.filter(migrations_behind__gt=0).count()


def _in_batches(tenants: Sequence[TenantRef]) -> Iterator[Sequence[TenantRef]]:
    for start in range(0, len(tenants), AT_ONCE):
        yield tenants[start : start + AT_ONCE]


def _count(
    tenant: TenantRef, known: bool, wanted: frozenset[str], now: datetime
) -> tuple[TenantFigures, list[UsageDay]] | None:
    since = _midnight(now.astimezone(UTC).date() - timedelta(days=COUNTED_AGAIN if known else KEPT))
    try:
        with tenant_context(tenant), connection.cursor() as cursor:
            cursor.execute(_SQL, {"since": since})
            days, members, documents, failed, storage, applied = cursor.fetchone()
    except DatabaseError as error:
        log.warning("a tenant's use was not counted", extra={"of": tenant.schema_name, "error": type(error).__name__})
        return None
    figures = TenantFigures(
        schema_name=tenant.schema_name,
        members=members,
        documents=documents,
        documents_failed=failed,
        storage=storage,
        migrations_behind=len(wanted.difference(applied or ())),
        counted_at=now,
    )
    return figures, [UsageDay(schema_name=tenant.schema_name, **day) for day in _rows(days)]


def _rows(days: Any) -> list[dict[str, Any]]:
    return json.loads(days) if isinstance(days, str) else days  # Django's cursors leave JSON as text


def _store(counted: Sequence[tuple[TenantFigures, list[UsageDay]]]) -> None:
    with public_context():
        days = [day for _, theirs in counted for day in theirs]
        UsageDay.objects.bulk_create(
            days, batch_size=1000, update_conflicts=True, unique_fields=["day", "schema_name"], update_fields=_USED
        )
        TenantFigures.objects.bulk_create(
            [figures for figures, _ in counted],
            update_conflicts=True,
            unique_fields=["schema_name"],
            update_fields=_HELD,
        )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
