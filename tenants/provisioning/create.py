"""Make a tenant: schema, tables, roles and its first rule, all or nothing."""

from __future__ import annotations

import re

from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, ProgrammingError, connection, transaction
from psycopg.errors import DuplicateSchema, UniqueViolation

from tenants.actors import ADMIN, EDITOR, OWNER, ROLES
from tenants.context import public_context, tenant_context
from tenants.errors import Conflict, InvalidInput
from tenants.models import AccessRule, Domain, Tenant
from tenants.provisioning.migrate import migrate_schema
from tenants.provisioning.roles import make_role

SCHEMA_NAME = re.compile(r"[a-z][a-z0-9_]{1,47}")
RESERVED = frozenset({"public", "information_schema", "template", "postgres"})

# What the roles may do in the console: apps (by label) and the verbs on their models.
ROLE_PERMISSIONS: dict[str, dict[str, tuple[str, ...]]] = {
    OWNER: dict.fromkeys(("tenants", "assistants", "rag"), ("add", "change", "delete", "view")),
    ADMIN: dict.fromkeys(("tenants", "assistants", "rag"), ("add", "change", "delete", "view")),
    EDITOR: {"rag": ("add", "change", "delete", "view"), "assistants": ("view",)},
}


def create_tenant(schema_name: str, name: str, host: str) -> Tenant:
    """A tenant that works: its schema with all tables, its roles, and the visible rule that it starts with.

    Raises ``InvalidInput`` for a name that cannot be a schema, ``Conflict`` for one (or a host) that is taken.
    A failure leaves nothing: everything happens in one transaction.
    """
    host = host.lower().rstrip(".")
    _check(schema_name, host)
    with public_context(), transaction.atomic():
        tenant = _claim(schema_name, name, host)
        with tenant_context(tenant.as_ref()):
            migrate_schema()
            _seed()
    return tenant


def _claim(schema_name: str, name: str, host: str) -> Tenant:
    """The tenant's row, its host and its empty schema. Raises ``Conflict`` when somebody was quicker."""
    try:
        with transaction.atomic():
            tenant = Tenant.objects.create(schema_name=schema_name, name=name)
            Domain.objects.create(tenant=tenant, domain=host, is_primary=True)
            with connection.cursor() as cursor:
                cursor.execute(f"CREATE SCHEMA {connection.ops.quote_name(schema_name)}")
            make_role(schema_name)
    except (IntegrityError, ProgrammingError) as error:
        if not isinstance(error.__cause__, UniqueViolation | DuplicateSchema):
            raise
        _check(schema_name, host)
        raise Conflict(f"There is a schema {schema_name} already, of no tenant.", code="schema_exists") from None
    return tenant


def _check(schema_name: str, host: str) -> None:
    if not SCHEMA_NAME.fullmatch(schema_name) or schema_name in RESERVED or schema_name.startswith("pg_"):
        raise InvalidInput(
            "A schema name has 2 to 48 lower-case letters, digits and underscores and begins with a letter.",
            field="schema_name",
        )
    with public_context():
        if Tenant.objects.filter(schema_name=schema_name).exists():
            raise Conflict(f"There is a tenant with the schema {schema_name} already.", code="tenant_exists")
        if Domain.objects.filter(domain=host).exists():
            raise Conflict(f"The host {host} belongs to a tenant already.", code="host_taken")


def _seed() -> None:
    for role in ROLES:
        group, _ = Group.objects.get_or_create(name=role)
        group.permissions.add(*_permissions_of(role))  # beside what other apps have given it
    AccessRule.objects.create(
        effect=AccessRule.Effect.ALLOW,
        audience=AccessRule.Audience.EVERYONE,
        note="Made with the tenant: everyone signed in may use every assistant. Change it as you like.",
    )


def _permissions_of(role: str) -> list[Permission]:
    wanted = ROLE_PERMISSIONS.get(role, {})
    return [
        permission
        for permission in Permission.objects.filter(content_type__app_label__in=wanted).select_related("content_type")
        if permission.codename.split("_", 1)[0] in wanted[permission.content_type.app_label]
    ]
