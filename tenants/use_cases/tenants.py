"""Tenants, as operators handle them: opened, renamed, suspended, resumed, archived, deleted."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet

from tenants import waiting_jobs
from tenants.actors import OWNER, Actor
from tenants.audit import record, recorded, snapshot
from tenants.context import public_context, tenant_context
from tenants.errors import InvalidInput, NotFound
from tenants.models import ErasureReceipt, Tenant, User
from tenants.provisioning.create import create_tenant
from tenants.provisioning.erase import erase_schema
from tenants.provisioning.roles import drop_role
from tenants.signals import tenant_erased
from tenants.use_cases.hosts import clean_host
from tenants.use_cases.members import add_member
from tenants.use_cases.receipts import write_receipt

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FirstOwner:
    """Who signs in first, and lets the others in."""

    username: str
    email: str
    password: str


def open_tenant(schema_name: str, name: str, host: str, owner: FirstOwner) -> Tenant:
    """A tenant with its first owner, both or neither.

    Raises what ``create_tenant`` raises, and ``InvalidInput`` for a name, a host or an owner that cannot be.
    """
    name, host = clean_name(name), clean_host(host)
    _check_owner(owner)
    with public_context(), transaction.atomic():
        tenant = create_tenant(schema_name, name, host)
        record("tenant.opened", tenant, after=snapshot(tenant, host=host))
        with tenant_context(tenant.as_ref()) as ref:
            add_member(
                Actor("system", ref),
                username=owner.username,
                email=owner.email,
                password=owner.password,
                roles={OWNER},
            )
    return tenant


def find_tenant(schema_name: str) -> Tenant:
    """The tenant with this schema, its hosts read with it. Raises ``NotFound``."""
    with public_context():
        tenant = Tenant.objects.filter(schema_name=schema_name).prefetch_related("domains").first()
        if tenant is None:
            raise NotFound(f"There is no tenant with the schema {schema_name}.")
        return tenant


def list_tenants(status: str = "", search: str = "") -> QuerySet[Tenant]:
    """Tenants by name, their hosts read with them: of one status, or all that are not archived; ``search`` is looked
    for in names, schemas and hosts. To be evaluated in the public context."""
    tenants = Tenant.objects.prefetch_related("domains").order_by("name", "pk")
    tenants = tenants.filter(status=status) if status else tenants.exclude(status=Tenant.Status.ARCHIVED)
    if search:
        by_host = Tenant.objects.filter(domains__domain__icontains=search).values("pk")
        tenants = tenants.filter(Q(name__icontains=search) | Q(schema_name__icontains=search) | Q(pk__in=by_host))
    return tenants


def rename_tenant(tenant_id: int, name: str) -> Tenant:
    """Give the tenant another name; its schema and its hosts stay. Raises ``InvalidInput`` and ``NotFound``."""
    name = clean_name(name)
    with public_context(), transaction.atomic():
        tenant = _locked(tenant_id)
        with recorded(tenant, "tenant.renamed"):
            tenant.name = name
            tenant.save(update_fields=["name"])
    return tenant


def suspend_tenant(tenant_id: int) -> Tenant:
    """Refuse the tenant's people and keys everywhere; nothing is lost, and its jobs wait. Raises ``NotFound``."""
    return _set_status(tenant_id, Tenant.Status.SUSPENDED, "tenant.suspended")


def resume_tenant(tenant_id: int) -> Tenant:
    """Let the tenant's people and keys in again, and its jobs run. Raises ``NotFound``."""
    return _set_status(tenant_id, Tenant.Status.ACTIVE, "tenant.resumed")


def archive_tenant(tenant_id: int) -> Tenant:
    """Put the tenant away: refused as if suspended, and left out of lists. Raises ``NotFound``."""
    return _set_status(tenant_id, Tenant.Status.ARCHIVED, "tenant.archived")


def delete_tenant(tenant_id: int, name: str, *, by: str) -> ErasureReceipt:
    """Delete the tenant with all that is in it, for good; returns the receipt, which stays.

    ``name`` is the tenant's, said again by the person (``by``) who wants this. One transaction: the tenant is there
    with everything, or gone with everything. Raises ``NotFound``, ``InvalidInput`` (``name_does_not_match``) and
    ``TenantBusy``.
    """
    with public_context(), transaction.atomic():
        tenant = _locked(tenant_id)
        if name.strip() != tenant.name.strip():
            raise InvalidInput(
                "This is not the tenant's name. To delete it, give its name exactly.",
                field="name",
                code="name_does_not_match",
            )
        hosts = list(tenant.domains.order_by("domain").values_list("domain", flat=True))
        tables = erase_schema(tenant.schema_name)
        drop_role(tenant.schema_name)
        jobs = waiting_jobs.forget(tenant.schema_name)
        tenant_erased.send(Tenant, schema_name=tenant.schema_name)
        receipt = write_receipt(tenant, hosts, tables, jobs, by)
        record("tenant.deleted", tenant, before=snapshot(tenant, hosts=hosts), after=_of_receipt(receipt))
        tenant.delete(force_drop=False)
    log.warning("a tenant was deleted", extra={"schema": receipt.schema_name, "by": by, "receipt": receipt.pk})
    return receipt


def clean_name(name: str) -> str:
    """The name as it is stored. Raises ``InvalidInput``."""
    name = " ".join(name.replace("\x00", "").split())
    if not 0 < len(name) <= 200:
        raise InvalidInput("A tenant's name has 1 to 200 characters.", field="name")
    return name


def _of_receipt(receipt: ErasureReceipt) -> dict[str, object]:
    return {"receipt": receipt.pk, "rows": receipt.rows, "jobs": receipt.jobs}


def _check_owner(owner: FirstOwner) -> None:
    fields = {"username": owner.username, "email": owner.email, "password": "-"}
    try:
        User(**fields).clean_fields()
    except ValidationError as error:
        field, said = next(iter(error.message_dict.items()))
        raise InvalidInput(" ".join(said), field=f"owner.{field}") from error
    try:
        validate_password(owner.password, User(username=owner.username, email=owner.email))
    except ValidationError as error:
        raise InvalidInput(" ".join(error.messages), field="owner.password") from error


def _set_status(tenant_id: int, status: Tenant.Status, action: str) -> Tenant:
    with public_context(), transaction.atomic():
        tenant = _locked(tenant_id)
        with recorded(tenant, action):
            tenant.status = status
            tenant.save(update_fields=["status"])
        if status == Tenant.Status.ACTIVE:
            waiting_jobs.wake(tenant.schema_name)
    return tenant


def _locked(tenant_id: int) -> Tenant:
    tenant = Tenant.objects.select_for_update().filter(pk=tenant_id).first()
    if tenant is None:
        raise NotFound("There is no such tenant.")
    return tenant
