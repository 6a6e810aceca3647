"""Making one tenant, beside the same tables bare and beside django-tenants' own way."""

from __future__ import annotations

import re
import statistics

from benchmarks.peer_report import Figure
from benchmarks.streams import plain
from benchmarks.tenants.timing import timed


def measure(samples: int, slow: int) -> list[Figure]:
    """In turns: a tenant, the same tables bare, and now and then a tenant by ``migrate_schemas``."""
    from tenants.provisioning.create import create_tenant
    from tenants.provisioning.template import template_script

    script = template_script()
    create_tenant("warm_up", "Warm", "warm-up.localhost")
    ours, bare, barest, theirs = [], [], [], []
    for number in range(samples):
        name = f"one{number}"
        ours.append(timed(lambda name=name: create_tenant(name, name, f"{name}.localhost")))
        bare.append(timed(lambda number=number: _make_schema(f"bare{number}", _tables(script, keys=True))))
        barest.append(timed(lambda number=number: _make_schema(f"barest{number}", _tables(script, keys=False))))
        if number % max(1, samples // slow) == 0:
            theirs.append(timed(lambda number=number: _by_migrate_schemas(f"theirs{number}")))
    mine, floor, lowest, other = (statistics.median(values) for values in (ours, bare, barest, theirs))
    return [
        plain(f"create a tenant, median of {samples}", mine, "ms"),
        plain("floor: the same tables bare (columns, primary keys), one message", floor, "ms"),
        plain("the same without their keys", lowest, "ms"),
        plain(f"create by migrate_schemas, median of {len(theirs)}", other, "ms"),
        Figure("create a tenant", mine / floor, "x floor", "at most 3", mine <= 3 * floor),
        Figure("create a tenant, quicker than migrate_schemas", other / mine, "times", "at least 8", other >= 8 * mine),
    ]


def _tables(script: str, *, keys: bool) -> str:
    """The template's tables alone: columns and primary keys, or columns only."""
    kept = []
    for statement in script.split(";\n"):
        if statement.startswith("CREATE TABLE"):
            body = re.sub(r"\) WITH \([^()]*\)$", ")", statement).rstrip(";")[:-1]
            columns, *constraints = re.split(r', (?=CONSTRAINT "[^"]*" (?:PRIMARY KEY|UNIQUE|CHECK|EXCLUDE))', body)
            primary = [each for each in constraints if "PRIMARY KEY" in each and keys]
            kept.append(", ".join([columns, *primary]) + ")")
    return ";\n".join(kept)


def _make_schema(name: str, tables: str) -> None:
    from django.db import connection, transaction

    from tenants.context import TenantRef, owner_rights, tenant_context

    with transaction.atomic(), tenant_context(TenantRef(None, name)), owner_rights(), connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {name}")
        cursor.execute(tables)


def _by_migrate_schemas(name: str) -> None:
    """django-tenants' own way: the tenant's row, its schema, ``migrate_schemas`` on it."""
    from django.core.management import call_command
    from django.db import connection

    from tenants.context import owner_rights
    from tenants.models import Domain, Tenant

    tenant = Tenant.objects.create(schema_name=name, name=name)
    Domain.objects.create(tenant=tenant, domain=f"{name}.localhost", is_primary=True)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {name}")
    with owner_rights():
        call_command("migrate_schemas", schema_name=name, interactive=False, verbosity=0)
