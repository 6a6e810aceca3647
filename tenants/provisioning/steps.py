"""Migrations of one schema: done and written down as SQL, or done the ordinary way."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import connection, transaction
from django.db.backends.postgresql.schema import DatabaseSchemaEditor
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from tenants.actors import ROLES
from tenants.context import TenantRef, owner_rights, tenant_context
from tenants.errors import NotFound
from tenants.provisioning.seed import may

_SAY: dict[str, Any] = {"verbosity": 0, "interactive": False, "db": "default"}


class RecordingEditor(DatabaseSchemaEditor):
    """Django's schema editor, which also keeps what it executes.

    ``sqlmigrate`` collects without executing; an operation that looks at what an earlier one has made (to drop a
    constraint by its name, say) then says something else than it would do.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.said: list[str] = []

    def execute(self, sql: Any, params: Any = ()) -> Any:
        """Execute and keep the statement, with its parameters in it."""
        text = str(sql) if params is None else self.connection.ops.compose_sql(str(sql), params)
        self.said.append(text.rstrip().rstrip(";"))
        return super().execute(text, None)


@dataclass(frozen=True)
class _Rows:
    """The rows that migrations leave in Django's own tables."""

    migrations: frozenset[tuple[str, str]]
    content_types: frozenset[tuple[str, str]]
    permissions: frozenset[tuple[str, str, str, str]]  # app, model, codename, name


def migrate_and_record(tenant: TenantRef, migrations: Sequence[Migration]) -> str:
    """Migrate the tenant's schema in one transaction; returns SQL that does the same to a schema of the same state."""
    with tenant_context(tenant), owner_rights(), transaction.atomic():
        _check_there(tenant)
        MigrationRecorder(connection).ensure_schema()
        before = _rows()
        executor = MigrationExecutor(connection)
        state = _state_of(executor)
        said: list[str] = []
        for migration in migrations:
            with RecordingEditor(connection) as editor:
                state = migration.apply(state, editor)
            executor.record_migration(migration)  # type: ignore[arg-type,call-arg]  # the stubs have an older form
            said += editor.said
        executor.check_replacements()
        _finish(before)
        return ";\n".join([*said, *_row_statements(before, _rows())]) + ";"


def migrate_ordinarily(tenant: TenantRef, migration: Migration) -> None:
    """One migration the way ``manage.py migrate`` goes; in one transaction, unless it must not be in one."""
    with tenant_context(tenant), owner_rights(), transaction.atomic() if migration.atomic else nullcontext():
        _check_there(tenant)
        MigrationRecorder(connection).ensure_schema()
        before = _rows()
        executor = MigrationExecutor(connection)
        [own] = [each for each, _ in executor.migration_plan([(migration.app_label, migration.name)])]
        plan = [(own, False)]
        state = _state_of(executor)
        emit_pre_migrate_signal(**_SAY, stdout=io.StringIO(), apps=state.apps, plan=plan)
        executor.migrate([(own.app_label, own.name)], plan=plan, state=state.clone())
        _finish(before)


def _check_there(tenant: TenantRef) -> None:
    """Without its schema, the search path would lead to ``public``. Raises ``NotFound``."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        if cursor.fetchone() != (tenant.schema_name,):
            raise NotFound("The tenant's schema is not there.")


def _state_of(executor: MigrationExecutor) -> Any:
    """The models as the applied migrations leave them, as ``executor.migrate`` takes them."""
    return executor._create_project_state(with_applied_migrations=True)  # type: ignore[attr-defined]


def _finish(before: _Rows) -> None:
    """Content types and permissions of new models; the roles get theirs of the new permissions."""
    emit_post_migrate_signal(**_SAY, stdout=io.StringIO(), plan=[])
    new = _rows().permissions - before.permissions
    for role, permission in _grants(new):
        group = Group.objects.filter(name=role).first()
        app, model, codename, _ = permission
        if group:
            group.permissions.add(
                Permission.objects.get(content_type__app_label=app, content_type__model=model, codename=codename)
            )
    ContentType.objects.clear_cache()


def _grants(permissions: Any) -> list[tuple[str, tuple[str, str, str, str]]]:
    return [(role, each) for role in ROLES for each in sorted(permissions) if may(role, each[0], each[2])]


def _rows() -> _Rows:
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
    types = permissions = frozenset[Any]()
    if ContentType._meta.db_table in tables:
        types = frozenset(ContentType.objects.values_list("app_label", "model"))
    if Permission._meta.db_table in tables:
        names = ("content_type__app_label", "content_type__model", "codename", "name")
        permissions = frozenset(Permission.objects.order_by().values_list(*names))
    applied = MigrationRecorder(connection).applied_migrations()
    return _Rows(frozenset(applied), types, permissions)


def _row_statements(before: _Rows, after: _Rows) -> list[str]:
    new = after.permissions - before.permissions
    return [
        *_insert(
            "django_migrations (app, name, applied) SELECT given.app, given.name, now() FROM",
            "given (app, name)",
            after.migrations - before.migrations,
        ),
        *_insert(
            "django_content_type (app_label, model) SELECT given.app, given.model FROM",
            "given (app, model) ON CONFLICT DO NOTHING",
            after.content_types - before.content_types,
        ),
        *_insert(
            "auth_permission (name, content_type_id, codename) SELECT given.name, type.id, given.codename FROM",
            "given (app, model, codename, name) JOIN django_content_type type"
            " ON type.app_label = given.app AND type.model = given.model ON CONFLICT DO NOTHING",
            new,
        ),
        *_insert(
            "auth_group_permissions (group_id, permission_id) SELECT role.id, permission.id FROM",
            "given (role, app, model, codename) JOIN auth_group role ON role.name = given.role"
            " JOIN django_content_type type ON type.app_label = given.app AND type.model = given.model"
            " JOIN auth_permission permission"
            " ON permission.content_type_id = type.id AND permission.codename = given.codename ON CONFLICT DO NOTHING",
            [(role, app, model, codename) for role, (app, model, codename, _) in _grants(new)],
        ),
    ]


def _insert(into: str, given: str, rows: Any) -> list[str]:
    """``INSERT`` of what ``rows`` give, if they give anything."""
    if not rows:
        return []
    values = ", ".join(f"({', '.join(['%s'] * len(row))})" for row in sorted(rows))
    sql = f"INSERT INTO {into} (VALUES {values}) {given}"
    operations: Any = connection.ops
    return [operations.compose_sql(sql, [text for row in sorted(rows) for text in row])]
