"""Tenants, as operators handle them: opened, suspended, resumed."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from tenants.actors import OWNER, Actor
from tenants.context import public_context, tenant_context
from tenants.errors import NotFound
from tenants.models import Tenant
from tenants.provisioning.create import create_tenant
from tenants.use_cases.members import add_member


@dataclass(frozen=True)
class FirstOwner:
    """Who signs in first, and lets the others in."""

    username: str
    email: str
    password: str


def open_tenant(schema_name: str, name: str, host: str, owner: FirstOwner) -> Tenant:
    """A tenant with its first owner, both or neither. Raises what ``create_tenant`` raises."""
    with public_context(), transaction.atomic():
        tenant = create_tenant(schema_name, name, host)
        with tenant_context(tenant.as_ref()) as ref:
            add_member(
                Actor("system", ref),
                username=owner.username,
                email=owner.email,
                password=owner.password,
                roles={OWNER},
            )
    return tenant


def suspend_tenant(tenant_id: int) -> Tenant:
    """Refuse the tenant's people and keys everywhere; nothing is lost. Raises ``NotFound``."""
    return _set_status(tenant_id, Tenant.Status.SUSPENDED)


def resume_tenant(tenant_id: int) -> Tenant:
    """Let the tenant's people and keys in again. Raises ``NotFound``."""
    return _set_status(tenant_id, Tenant.Status.ACTIVE)


def _set_status(tenant_id: int, status: Tenant.Status) -> Tenant:
    with public_context(), transaction.atomic():
        tenant = Tenant.objects.select_for_update().filter(pk=tenant_id).first()
        if tenant is None:
            raise NotFound("There is no such tenant.")
        tenant.status = status
        tenant.save(update_fields=["status"])
    return tenant
