"""Migrating all tenants, beside ``migrate_schemas``."""

from __future__ import annotations

import statistics

import psycopg

from benchmarks.peer_report import Figure
from benchmarks.streams import plain
from benchmarks.tenants.timing import timed


def measure(database: str, slow: int) -> list[Figure]:
    """An AddField for all; ``migrate_schemas`` for a few, extrapolated."""
    from django.conf import settings
    from django.core.management import call_command

    from tenants.context import owner_rights
    from tenants.models import Tenant
    from tenants.provisioning.migrate_all import migrate_all

    settings.MIGRATION_MODULES = {"example": "benchmarks.migrations"}
    names = list(Tenant.objects.order_by("pk").values_list("schema_name", flat=True))
    few, count = names[:slow], len(names) - slow

    def theirs(name: str) -> None:
        with owner_rights():
            call_command("migrate_schemas", schema_name=name, interactive=False, verbosity=0)

    each = statistics.median([timed(lambda name=name: theirs(name)) for name in few])
    report = None

    def ours() -> None:
        nonlocal report
        report = migrate_all(lambda *_: None)

    took = timed(ours) / 1000
    assert report is not None
    slowly = each * count / 1000
    wrong = _mismatches(database, names) + len(report.failed)
    return [
        plain(f"AddField, {len(report.migrated)} tenants, migrate_tenants", took, "s"),
        plain(f"the same by migrate_schemas, extrapolated from {slow}", slowly, "s"),
        Figure("AddField, quicker than migrate_schemas", slowly / took, "times", "at least 50", slowly >= 50 * took),
        Figure("tenants whose columns and django_migrations disagree", wrong, "", "none", wrong == 0),
    ]


def _mismatches(database: str, names: list[str]) -> int:
    """Tenants that have the column and not the row, or the row and not the column, or neither."""
    wrong = 0
    with psycopg.connect(database, autocommit=True) as connection:
        for name in names:
            column = connection.execute(
                "SELECT count(*) FROM information_schema.columns"
                " WHERE table_schema = %s AND table_name = 'example_issue' AND column_name = 'due'",
                [name],
            ).fetchone()
            row = connection.execute(
                f"SELECT count(*) FROM {name}.django_migrations WHERE app = 'example' AND name = '0002_due'".encode()
            ).fetchone()
            wrong += (column, row) != ((1,), (1,))
    return wrong
