"""Which migrations wait for which tenants, and which of them are nothing but SQL."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations import Migration, operations
from django.db.migrations.executor import MigrationExecutor

from tenants.context import TenantRef, owner_rights, public_context, tenant_context
from tenants.db_backend.place import quoted

AT_ONCE = 100  # schemas that one statement asks about
MIGRATIONS = "django_migrations"

# Operations that say the same SQL in every schema of the same state. Others (Python code, extensions, a renamed model
# with its content type, anything of a third party) go the ordinary way, as does what is not atomic.
_PLAIN = {
    *(operations.CreateModel, operations.DeleteModel, operations.AlterModelTable, operations.AlterModelTableComment),
    *(operations.AddField, operations.RemoveField, operations.AlterField, operations.RenameField),
    *(operations.AddIndex, operations.RemoveIndex, operations.RenameIndex),
    *(operations.AddConstraint, operations.RemoveConstraint),
    *(operations.AlterUniqueTogether, operations.AlterIndexTogether, operations.AlterOrderWithRespectTo),
    *(operations.AlterModelOptions, operations.AlterModelManagers, operations.RunSQL),
}

Applied = frozenset[tuple[str, str]]
"""The (app, name) of a schema's migrations."""


@dataclass(frozen=True)
class Group:
    """Tenants whose schemas are in the same state."""

    applied: Applied
    members: tuple[TenantRef, ...]

    @property
    def digest(self) -> str:
        """Of the state: what a schema must still be in when its turn comes."""
        names = ",".join(sorted(f"{app}.{name}" for app, name in self.applied))
        return hashlib.md5(names.encode(), usedforsecurity=False).hexdigest()


def groups_of(tenants: Sequence[TenantRef]) -> tuple[list[Group], list[TenantRef]]:
    """The tenants by the state of their schemas, the largest group first; and those whose schema is not there."""
    states: dict[Applied, list[TenantRef]] = {}
    found = _applied([tenant.schema_name for tenant in tenants])
    missing = []
    for tenant in tenants:
        applied = found.get(tenant.schema_name)
        if applied is None:
            missing.append(tenant)
        else:
            states.setdefault(applied, []).append(tenant)
    groups = [Group(applied, tuple(members)) for applied, members in states.items()]
    return sorted(groups, key=lambda group: -len(group.members)), missing


def applied_in(tenant: TenantRef) -> Applied:
    """The state of one tenant's schema; nothing for one that is gone."""
    return _applied([tenant.schema_name]).get(tenant.schema_name, frozenset())


def plan_of(tenant: TenantRef) -> list[Migration]:
    """The migrations that wait for the tenant's schema, in their order.

    Raises ``CommandError`` where two leaves of one app contradict each other.
    """
    with tenant_context(tenant), owner_rights():
        executor = MigrationExecutor(connection)
        conflicts = executor.loader.detect_conflicts()
        if conflicts:
            said = "; ".join(f"{app}: {', '.join(names)}" for app, names in conflicts.items())
            raise CommandError(f"Migrations that contradict each other ({said}): makemigrations --merge.")
        executor.loader.check_consistent_history(connection)
        return [migration for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]


def is_sql_only(migration: Migration) -> bool:
    """True when what the migration does to one schema can be done to another by the same SQL."""
    ordinary = type(migration).apply is Migration.apply and migration.atomic
    return ordinary and all(map(_is_plain, migration.operations))


def _is_plain(operation: operations.base.Operation) -> bool:
    if type(operation) is operations.SeparateDatabaseAndState:
        return all(map(_is_plain, operation.database_operations))
    return type(operation) in _PLAIN


def _applied(schema_names: Sequence[str]) -> dict[str, Applied]:
    """What is applied in each schema that is there."""
    found: dict[str, Applied] = {}
    for start in range(0, len(schema_names), AT_ONCE):
        part = schema_names[start : start + AT_ONCE]
        with public_context(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT nspname, EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid AND relname = %s)"
                " FROM pg_namespace n WHERE nspname = ANY(%s)",
                [MIGRATIONS, list(part)],
            )
            there = dict(cursor.fetchall())
            found |= {name: frozenset() for name in there}
            with_table = [name for name, has_table in there.items() if has_table]
            if with_table:
                cursor.execute(" UNION ALL ".join(map(_select_applied, with_table)), with_table)
                for name, applied in cursor.fetchall():
                    found[name] = frozenset((app, migration) for app, migration in applied)
    return found


def _select_applied(schema_name: str) -> str:
    rows = f"SELECT array_agg(ARRAY[app, name]::text[]) FROM {quoted(schema_name)}.{MIGRATIONS}"  # noqa: S608
    return f"SELECT %s, coalesce(({rows}), '{{}}')"
