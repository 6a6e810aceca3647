"""Search paths for connections of our own, which Django does not handle: migrations in parallel."""

from __future__ import annotations

from tenants.context import PUBLIC_SCHEMA
from tenants.db_backend.place import quoted


def local_path(schema_name: str) -> str:
    """SQL that points the running transaction at a tenant's schema, ``public`` behind it for extensions."""
    return f"SET LOCAL search_path = {quoted(schema_name)}, {quoted(PUBLIC_SCHEMA)}"
