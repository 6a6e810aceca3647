"""Make a tenant: schema, tables, roles and its first rules, all or nothing."""

from __future__ import annotations

import re

from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.utils import timezone
from psycopg.errors import DuplicateSchema, UniqueViolation

from tenants.context import owner_rights, public_context, tenant_context
from tenants.errors import Conflict, InvalidInput
from tenants.models import Domain, Tenant
from tenants.provisioning.migrate import migrate_schema
from tenants.provisioning.roles import make_role
from tenants.provisioning.seed import seed
from tenants.provisioning.template import SCRATCH, replay, template_script

SCHEMA_NAME = re.compile(r"[a-z][a-z0-9_]{1,47}")
RESERVED = frozenset({"public", "information_schema", "template", "postgres"})


def create_tenant(schema_name: str, name: str, host: str) -> Tenant:
    """A tenant that works: its schema with all tables, its roles, and the visible rules that it starts with.

    Raises ``InvalidInput`` for a name that cannot be a schema, ``Conflict`` for one (or a host) that is taken.
    A failure leaves nothing: everything happens in one transaction.
    """
    host = host.lower().rstrip(".")
    _check(schema_name, host)
    with public_context(), transaction.atomic():
        script = template_script()
        tenant = _claim(schema_name, name, host)
        with tenant_context(tenant.as_ref()), owner_rights():
            if script:
                replay(script)
            else:
                migrate_schema()
                seed()
    return tenant


def _claim(schema_name: str, name: str, host: str) -> Tenant:
    """The tenant's row, its host and its empty schema. Raises ``Conflict`` when somebody was quicker."""
    try:
        with transaction.atomic():
            tenant = Tenant.objects.create(schema_name=schema_name, name=name)
            Domain.objects.create(tenant=tenant, domain=host, is_primary=True, verified_at=timezone.now())
            with connection.cursor() as cursor:
                cursor.execute(f"CREATE SCHEMA {connection.ops.quote_name(schema_name)}")
            make_role(schema_name, is_empty=True)
    except (IntegrityError, ProgrammingError) as error:
        if not isinstance(error.__cause__, UniqueViolation | DuplicateSchema):
            raise
        _check(schema_name, host)
        raise Conflict(f"There is a schema {schema_name} already, of no tenant.", code="schema_exists") from None
    return tenant


def _check(schema_name: str, host: str) -> None:
    if not SCHEMA_NAME.fullmatch(schema_name) or schema_name in RESERVED or schema_name.startswith(("pg_", SCRATCH)):
        raise InvalidInput(
            "A schema name has 2 to 48 lower-case letters, digits and underscores and begins with a letter.",
            field="schema_name",
        )
    with public_context():
        if Tenant.objects.filter(schema_name=schema_name).exists():
            raise Conflict(f"There is a tenant with the schema {schema_name} already.", code="tenant_exists")
        if Domain.objects.filter(domain=host).exists():
            raise Conflict(f"The host {host} belongs to a tenant already.", code="host_taken")
