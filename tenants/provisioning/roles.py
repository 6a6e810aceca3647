"""A PostgreSQL role for each tenant: the second wall.

In a tenant's context the session runs under that tenant's role (``tenants/db_backend/place.py``), which holds rights on
its schema and none on any other. Of what lies in ``public`` it may use what the group of all tenants may: types and
functions, the deferring of jobs, and its own rows of those tables that are marked as open to tenants.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import ProgrammingError, connection, transaction
from django.db.models import Model
from psycopg.errors import InsufficientPrivilege

from tenants.context import PUBLIC, owner_rights, public_context
from tenants.db_backend.place import OF_ITS_OWNER, quoted, role_name
from tenants.models import Tenant

_GROUP = "all-tenants"  # no schema can have this name
_DEFER = "procrastinate_defer_jobs_v1"

# One table stands for all: it is in every schema, and a dump that has left rights out has left out all of them.
_BROKEN = """
    SELECT n.nspname FROM unnest(%s::text[], %s::text[]) AS given (schema_name, role_name)
    JOIN pg_namespace n ON n.nspname = given.schema_name LEFT JOIN pg_roles r ON r.rolname = given.role_name
    LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'django_migrations'
    WHERE r.oid IS NULL OR NOT has_schema_privilege(r.oid, n.oid, 'USAGE')
        OR NOT has_table_privilege(r.oid, c.oid, 'DELETE')
"""


def role_of(schema_name: str) -> str:
    """The role of the tenant with this schema."""
    return role_name(connection.settings_dict["NAME"], schema_name)


def statements_for(schema_name: str, *, is_empty: bool = False) -> list[str]:
    """SQL that makes a tenant's role, or mends its rights: on what its schema holds, and on what will come into it.

    To be run as the owner of the schema, when the group exists (``prepare_roles``). Can be run again. An empty schema
    holds nothing that rights could be given on: to look for it, PostgreSQL reads all of ``pg_class`` six times, which
    among 1,000 tenants takes longer than to make another.
    """
    role, group, schema = quoted(role_of(schema_name)), quoted(role_of(_GROUP)), quoted(schema_name)
    tables, sequences = "SELECT, INSERT, UPDATE, DELETE ON TABLES", "USAGE, SELECT, UPDATE ON SEQUENCES"
    on_what_is_there = [
        f"GRANT {tables.replace(' TABLES', ' ALL TABLES')} IN SCHEMA {schema} TO {role}",
        f"GRANT {sequences.replace(' SEQUENCES', ' ALL SEQUENCES')} IN SCHEMA {schema} TO {role}",
    ]
    return [
        _create_unless_there(role_of(schema_name)),
        f"GRANT {role} TO CURRENT_USER",
        f"GRANT {group} TO {role}",
        f"GRANT USAGE ON SCHEMA {schema} TO {role}",
        *([] if is_empty else on_what_is_there),
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT {tables} TO {role}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT {sequences} TO {role}",
    ]


def make_role(schema_name: str, *, is_empty: bool = False) -> None:
    """Make the tenant's role in the running transaction, or mend it. Nothing where the wall is off.

    ``is_empty``: the schema has been made just now.

    Raises ``ImproperlyConfigured`` where the database's user may not.
    """
    if settings.ATRIUM_TENANT_ROLES:
        _run(statements_for(schema_name, is_empty=is_empty))


def mend_broken_roles(schema_names: Sequence[str]) -> None:
    """Make the roles that are not there, and mend those that lack their rights: after a restore, say."""
    if not settings.ATRIUM_TENANT_ROLES:
        return
    with public_context(), connection.cursor() as cursor:
        cursor.execute(_BROKEN, [list(schema_names), [role_of(name) for name in schema_names]])
        broken = [name for (name,) in cursor.fetchall()]
    for name in broken:
        with public_context(), transaction.atomic():
            make_role(name)


def drop_role(schema_name: str) -> None:
    """Drop the tenant's role, after its schema, in the running transaction. Also one from before the wall was off."""
    role = quoted(role_of(schema_name))
    with owner_rights(), public_context(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role_of(schema_name)])
        if cursor.fetchone():
            cursor.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def prepare_roles() -> None:
    """What all tenants may do in ``public``: to be run when that schema is migrated. Can be run again."""
    if settings.ATRIUM_TENANT_ROLES:
        with public_context(), transaction.atomic():
            _run(list(_public_statements()))


def mend_roles() -> None:
    """Every tenant's role, as it should be: after a restore from a dump, or where the wall was off until now."""
    with public_context():
        names = list(Tenant.objects.order_by("pk").values_list("schema_name", flat=True))
    prepare_roles()
    for name in names:
        with public_context(), transaction.atomic():
            make_role(name)


def _public_statements() -> Iterator[str]:
    group = quoted(role_of(_GROUP))
    yield _create_unless_there(role_of(_GROUP))
    yield f"GRANT {group} TO CURRENT_USER"
    yield f"GRANT USAGE ON SCHEMA {quoted(PUBLIC.schema_name)} TO {group}"
    # A job is deferred in the tenant's transaction, into a table that holds all tenants' jobs: through a function that
    # has its owner's rights, and so without a right to read the others'.
    yield f"""DO $$ DECLARE known regprocedure; BEGIN
        FOR known IN SELECT oid::regprocedure FROM pg_proc
            WHERE proname = '{_DEFER}' AND pronamespace = 'public'::regnamespace AND NOT prosecdef LOOP
            EXECUTE format('ALTER FUNCTION %s {OF_ITS_OWNER}', known);
        END LOOP; END $$"""  # noqa: S608
    for model in _open_to_tenants():
        yield from _own_rows_only(model, group)


def _open_to_tenants() -> list[type[Model]]:
    return [model for model in apps.get_models() if getattr(model, "open_to_tenants", False)]


def _own_rows_only(model: type[Model], group: str) -> Iterator[str]:
    """A table in ``public`` of which each tenant may use the rows that have its schema's name."""
    table = quoted(model._meta.db_table)
    suffix = role_of("")  # what comes after the schema's name in a role's
    own = f"schema_name || '{suffix}' = current_user"
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {group}"
    yield f"""DO $$ DECLARE sequence text; BEGIN
        FOR sequence IN SELECT pg_get_serial_sequence('{table}', attname) FROM pg_attribute
            WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped LOOP
            IF sequence IS NOT NULL THEN EXECUTE 'GRANT USAGE ON SEQUENCE ' || sequence || ' TO {group}'; END IF;
        END LOOP;
        IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = '{table}'::regclass AND polname = 'own_rows'
                AND polroles = ARRAY['{group}'::regrole::oid]
                AND strpos(pg_get_expr(polqual, polrelid), '''{suffix}''') > 0) THEN
            DROP POLICY IF EXISTS own_rows ON {table};  -- of the database that a dump was taken from
            CREATE POLICY own_rows ON {table} TO {group} USING ({own}) WITH CHECK ({own});
            ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        END IF; END $$"""  # noqa: S608


def _create_unless_there(role: str) -> str:
    return f"""DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
        CREATE ROLE {quoted(role)} NOLOGIN; END IF; END $$"""


def _run(statements: list[str]) -> None:
    try:
        with owner_rights(), public_context(), connection.cursor() as cursor:
            cursor.execute(";\n".join(statements))
    except ProgrammingError as error:
        if isinstance(error.__cause__, InsufficientPrivilege):
            raise ImproperlyConfigured(
                "The database's user may not create roles: give it CREATEROLE, or set ATRIUM_TENANT_ROLES=0 to do "
                "without the wall that they are between tenants."
            ) from error
        raise
