"""Bring one schema's tables up to date, as Django does it: the public one, or a tenant's."""

from __future__ import annotations

import io

from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from tenants.context import TenantRef, owner_rights, public_context, tenant_context
from tenants.provisioning.roles import prepare_roles


def migrate_schema() -> str:
    """Migrate the schema in force and return what Django said. The router decides which tables belong into it.

    The table of applied migrations is made first: without one of its own, a tenant's schema would read
    ``public``'s through the search path, and nothing would be applied.
    """
    with owner_rights():
        return _migrate()


def _migrate() -> str:
    MigrationRecorder(connection).ensure_schema()
    said = io.StringIO()
    MigrateCommand(stdout=said, stderr=said).execute(
        database="default",
        app_label=None,
        migration_name=None,
        verbosity=1,
        interactive=False,
        fake=False,
        fake_initial=False,
        plan=False,
        check_unapplied=False,
        run_syncdb=False,
        prune=False,
        skip_checks=True,
        no_color=True,
        force_color=False,
        settings=None,
        pythonpath=None,
        traceback=False,
    )
    return said.getvalue()


def migrate_public() -> str:
    """Migrate the operators' schema."""
    with public_context():
        said = migrate_schema()
    prepare_roles()
    return said


def is_current(schema: TenantRef) -> bool:
    """True when no migration is waiting for this schema."""
    with tenant_context(schema):
        executor = MigrationExecutor(connection)
        return not executor.migration_plan(executor.loader.graph.leaf_nodes())
