"""What goes over the wire of the operators' API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, cast

from ninja import Schema
from pydantic import Field

from tenants.hosts import PROOF_PATH
from tenants.models import Domain, Tenant

Status = Literal["active", "suspended", "archived"]


class HostOut(Schema):
    """A host of a tenant. One that is not verified yet says what it must answer, and where."""

    host: str
    is_primary: bool
    is_verified: bool
    verified_at: datetime | None
    proof_path: str | None
    proof_token: str | None


class TenantOut(Schema):
    """A tenant, as operators see it."""

    schema_name: str
    name: str
    status: Status
    created_at: datetime
    hosts: list[HostOut]


class OwnerIn(Schema):
    """Who signs in first at the new tenant, and lets the others in."""

    username: Annotated[str, Field(min_length=1, max_length=150)]
    email: Annotated[str, Field(max_length=254)] = ""
    password: Annotated[str, Field(min_length=1, max_length=200)]


class TenantIn(Schema):
    """A new tenant."""

    schema_name: Annotated[str, Field(max_length=63)]
    name: Annotated[str, Field(max_length=200)]
    host: Annotated[str, Field(max_length=260)]
    owner: OwnerIn


class RenameIn(Schema):
    """The tenant's new name."""

    name: Annotated[str, Field(max_length=200)]


class HostIn(Schema):
    """A further host. ``confirmed``: the operator's word that it is the tenant's."""

    host: Annotated[str, Field(max_length=260)]
    confirmed: bool = False


class VerifyIn(Schema):
    """``confirmed``: the operator's word, in place of a check."""

    confirmed: bool = False


class ReceiptOut(Schema):
    """What was deleted. ``tables``: rows and SHA-256 of each table; ``digest``: SHA-256 of the receipt."""

    id: int
    tenant_name: str
    schema_name: str
    hosts: list[str]
    opened_at: datetime
    erased_at: datetime
    erased_by: str
    tables: dict[str, Any]
    rows: int
    jobs: int
    digest: str


def host_out(row: Domain) -> HostOut:
    """A host's row for the wire."""
    waits = not row.is_verified
    return HostOut(
        host=row.domain,
        is_primary=row.is_primary,
        is_verified=row.is_verified,
        verified_at=row.verified_at,
        proof_path=PROOF_PATH if waits else None,
        proof_token=row.waiting_token if waits else None,
    )


def tenant_out(tenant: Tenant) -> TenantOut:
    """A tenant's row and its hosts for the wire; the primary host first."""
    hosts = sorted(tenant.domains.all(), key=lambda row: (not row.is_primary, row.domain))
    return TenantOut(
        schema_name=tenant.schema_name,
        name=tenant.name,
        status=cast(Status, tenant.status),
        created_at=tenant.created_at,
        hosts=[host_out(row) for row in hosts],
    )
