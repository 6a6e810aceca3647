"""The script that makes a tenant's schema: worked out once for each state of the code, and replayed for each tenant.

A scratch schema is migrated and seeded, written down as SQL (``ddl.py``), replayed into a second one, and the two are
compared object by object (``catalogue.py``). All of it happens in a savepoint that is rolled back: nobody ever sees it.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from tenants.context import TenantRef, owner_rights, public_context, tenant_context
from tenants.models import SchemaTemplate
from tenants.provisioning.catalogue import describe, differences
from tenants.provisioning.ddl import script_of
from tenants.provisioning.migrate import migrate_schema
from tenants.provisioning.seed import seed

log = logging.getLogger(__name__)

SCRATCH = "atrium_scratch_"
"""How the names of scratch schemas begin. No tenant's may."""
KEPT = 3  # scripts, so that two versions that run side by side do not take turns
_LOCK = 0x41545249554D54  # "ATRIUMT": one process at a time works a script out

_scripts: dict[str, str] = {}


def template_script() -> str:
    """SQL that fills an empty schema, or "" where none can be made and the schema must be migrated.

    To be called before a tenant's row is made: who waits for another process' script must not hold a lock on one.
    """
    key = fingerprint()
    if key not in _scripts:
        with public_context(), transaction.atomic():
            kept = _kept(key)
            _scripts[key] = _make(key) if kept is None else kept
    return _scripts[key]


def fingerprint() -> str:
    """A digest of all that the script depends on: migrations, permissions, seeds, and PostgreSQL's version."""
    with connection.cursor():  # connects, if need be: only then is the version known without a query
        version = connection.pg_version  # type: ignore[attr-defined]  # of the PostgreSQL backend
    return _fingerprint(version // 10_000, repr(settings.MIGRATION_MODULES), repr(settings.TENANT_APPS))


@lru_cache(maxsize=8)
def _fingerprint(*facts: Any) -> str:
    digest = hashlib.sha256(repr(facts).encode())
    loader = MigrationLoader(None)
    for key, migration in sorted(loader.disk_migrations.items()):
        digest.update(repr(key).encode() + _source(type(migration).__module__))
    for model in sorted(apps.get_models(), key=lambda each: each._meta.label):
        digest.update(repr(model._meta.label).encode() + _source(model.__module__))
    for name in ("catalogue", "ddl", "seed", "template"):
        digest.update(_source(f"tenants.provisioning.{name}"))
    digest.update(_source("tenants.rules.starting"))
    return digest.hexdigest()


def _source(module: str) -> bytes:
    file = sys.modules[module].__file__
    return Path(file).read_bytes() if file else b""


def _kept(key: str) -> str | None:
    row = SchemaTemplate.objects.filter(fingerprint=key).first()
    if row is None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        row = SchemaTemplate.objects.filter(fingerprint=key).first()  # by whoever had the lock
    return row.script if row else None


def _make(key: str) -> str:
    script = _work_out()
    SchemaTemplate.objects.create(fingerprint=key, script=script)
    recent = SchemaTemplate.objects.order_by("-made_at").values("pk")[:KEPT]
    SchemaTemplate.objects.exclude(pk__in=list(recent.values_list("pk", flat=True))).delete()
    return script


def _work_out() -> str:
    since = timezone.now()
    with _scratch_schema() as migrated:
        migrate_schema()
        seed()
        script, wanted = script_of(migrated, since), describe(migrated)
        with _scratch_schema() as replayed:
            replay(script)
            found = differences(wanted, describe(replayed))
    if found:
        log.error("a tenant's schema cannot be replayed and is migrated instead", extra={"differences": found[:20]})
        return ""
    return script


def replay(script: str) -> None:
    """Fill the schema in force, in one message."""
    with connection.cursor() as cursor:
        cursor.execute(script)


@contextmanager
def _scratch_schema() -> Iterator[str]:
    """Work in a schema that never comes to be: it is rolled back, with all that is in it."""
    name = SCRATCH + secrets.token_hex(6)
    with transaction.atomic(), tenant_context(TenantRef(id=None, schema_name=name)), owner_rights():
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE SCHEMA {connection.ops.quote_name(name)}")
        try:
            yield name
        finally:
            ContentType.objects.clear_cache()
        transaction.set_rollback(True)
