"""Several tenants that a test makes and migrates, and what PostgreSQL says of them."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg import sql

from tenants.context import TenantRef, owner_rights, tenant_context
from tenants.database import give_connections_back
from tenants.provisioning.catalogue import describe
from tenants.provisioning.create import create_tenant
from tenants.provisioning.roles import drop_role

MADE = ("hooli", "initech", "umbrella")
LASTING = ("acme", "globex")


@dataclass(frozen=True)
class Fleet:
    """The tenants that every test has, and three that it may break."""

    connection: psycopg.Connection

    def make(self) -> None:
        for name in MADE:
            create_tenant(name, name.capitalize(), f"{name}.localhost")

    def run(self, schema: str, statement: str) -> None:
        """A statement in one schema."""
        with self.connection.transaction():
            path = sql.SQL("SET LOCAL search_path = {}, public").format(sql.Identifier(schema))
            self.connection.execute(path)
            self.connection.execute(statement.encode())

    def value(self, schema: str, query: str) -> object:
        """The one value that a query in one schema returns."""
        with self.connection.transaction():
            path = sql.SQL("SET LOCAL search_path = {}, public").format(sql.Identifier(schema))
            self.connection.execute(path)
            row = self.connection.execute(query.encode()).fetchone()
        return row[0] if row else None

    def add_issue(self, schema: str, title: str) -> None:
        self.run(
            schema,
            f"INSERT INTO example_issue (title, body, status, created_at) VALUES ('{title}', '', 'open', now())",
        )

    def applied(self, schema: str) -> list[str]:
        """The example app's migrations that the schema says it has."""
        names = "SELECT array_agg(name ORDER BY name) FROM django_migrations WHERE app = 'example'"
        return list(self.value(schema, names) or [])

    def columns(self, schema: str) -> set[str]:
        """Of the example app's table."""
        names = (
            "SELECT array_agg(attname::text) FROM pg_attribute"
            " WHERE attrelid = 'example_issue'::regclass AND attnum > 0 AND NOT attisdropped"
        )
        return set(self.value(schema, names) or [])

    def go_back(self) -> None:
        """Remove what was made, and what the next version did to the others."""
        self.connection.execute("SELECT pg_advisory_unlock_all()")
        for name in MADE:
            self.connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(name)))
            drop_role(name)
        give_connections_back()
        gone = "SELECT id FROM tenants_tenant WHERE schema_name = ANY(%s)"
        self.connection.execute(f"DELETE FROM tenants_domain WHERE tenant_id IN ({gone})", [list(MADE)])
        self.connection.execute("DELETE FROM tenants_tenant WHERE schema_name = ANY(%s)", [list(MADE)])
        for name in LASTING:
            self.run(
                name,
                "ALTER TABLE example_issue DROP COLUMN IF EXISTS priority, DROP COLUMN IF EXISTS due;"
                "DELETE FROM django_migrations WHERE app = 'example' AND name > '0001_initial'",
            )


def described(schema: str) -> dict[str, str]:
    """``describe`` in the schema's own context."""
    with tenant_context(TenantRef(id=None, schema_name=schema)), owner_rights():
        return describe(schema)
