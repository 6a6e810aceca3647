"""Tenants and receipts, for operators. A tenant is named by its schema, which never changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router, Status

from tenants.api.operator import schemas
from tenants.api.operator.auth import operator_who_may
from tenants.context import public_context
from tenants.database import in_database
from tenants.errors import NotFound
from tenants.models import ErasureReceipt, Tenant
from tenants.operators import Operator
from tenants.use_cases import hosts, tenants
from tenants.use_cases.tenants import FirstOwner, find_tenant

router = Router()

TENANTS, HOSTS, RECEIPTS = ["tenants"], ["hosts"], ["receipts"]
ONE = "/tenants/{schema_name}/"
Limit = Annotated[int, Query(ge=1, le=200)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]


@router.get("/tenants/", response=list[schemas.TenantOut], operation_id="operator_list_tenants", tags=TENANTS)
async def list_tenants(
    request: HttpRequest,
    status: schemas.Status | None = None,
    search: Annotated[str, Query(max_length=100)] = "",
    limit: Limit = 50,
    offset: Offset = 0,
) -> list[schemas.TenantOut]:
    """Tenants by name. Archived ones only when asked for by `status`."""
    operator_who_may(request, "view")

    def read() -> list[schemas.TenantOut]:
        with public_context():
            found = tenants.list_tenants(status or "", search.replace("\x00", ""))[offset : offset + limit]
            return [schemas.tenant_out(tenant) for tenant in found]

    return await in_database(read)


@router.post("/tenants/", response={201: schemas.TenantOut}, operation_id="operator_create_tenant", tags=TENANTS)
async def create_tenant(request: HttpRequest, body: schemas.TenantIn) -> Status:
    """A tenant with its schema, its host and its first owner: all of it or nothing."""
    operator_who_may(request, "add")
    owner = FirstOwner(body.owner.username, body.owner.email, body.owner.password)

    def create() -> schemas.TenantOut:
        tenants.open_tenant(body.schema_name, body.name, body.host, owner)
        return schemas.tenant_out(find_tenant(body.schema_name))

    return Status(201, await in_database(create))


@router.get(ONE, response=schemas.TenantOut, operation_id="operator_get_tenant", tags=TENANTS)
async def get_tenant(request: HttpRequest, schema_name: str) -> schemas.TenantOut:
    """One tenant."""
    operator_who_may(request, "view")
    return await in_database(lambda: schemas.tenant_out(find_tenant(schema_name)))


@router.patch(ONE, response=schemas.TenantOut, operation_id="operator_rename_tenant", tags=TENANTS)
async def rename_tenant(request: HttpRequest, schema_name: str, body: schemas.RenameIn) -> schemas.TenantOut:
    """Another name. The schema and the hosts stay."""
    return await _change(request, schema_name, lambda tenant_id: tenants.rename_tenant(tenant_id, body.name))


@router.post(ONE + "suspend/", response=schemas.TenantOut, operation_id="operator_suspend_tenant", tags=TENANTS)
async def suspend_tenant(request: HttpRequest, schema_name: str) -> schemas.TenantOut:
    """Nobody gets in (403 `tenant_suspended`), jobs wait, nothing is lost."""
    return await _change(request, schema_name, tenants.suspend_tenant)


@router.post(ONE + "resume/", response=schemas.TenantOut, operation_id="operator_resume_tenant", tags=TENANTS)
async def resume_tenant(request: HttpRequest, schema_name: str) -> schemas.TenantOut:
    """Everybody gets in again, also after archiving; the jobs that waited run."""
    return await _change(request, schema_name, tenants.resume_tenant)


@router.post(ONE + "archive/", response=schemas.TenantOut, operation_id="operator_archive_tenant", tags=TENANTS)
async def archive_tenant(request: HttpRequest, schema_name: str) -> schemas.TenantOut:
    """Put away: as suspended, and left out of lists."""
    return await _change(request, schema_name, tenants.archive_tenant)


@router.delete(ONE, response=schemas.ReceiptOut, operation_id="operator_delete_tenant", tags=TENANTS)
async def delete_tenant(request: HttpRequest, schema_name: str, name: str) -> ErasureReceipt:
    """Delete the tenant with all that is in it, for good. `name` is its name, said again. Answers with the receipt."""
    operator = operator_who_may(request, "delete")
    return await in_database(_delete, operator, schema_name, name)


@router.post(ONE + "hosts/", response={201: schemas.HostOut}, operation_id="operator_add_host", tags=HOSTS)
async def add_host(request: HttpRequest, schema_name: str, body: schemas.HostIn) -> Status:
    """A further host. It is served once it is verified."""
    operator_who_may(request, "change")

    def add() -> schemas.HostOut:
        tenant = find_tenant(schema_name)
        return schemas.host_out(hosts.add_host(tenant.pk, body.host, confirmed=body.confirmed))

    return Status(201, await in_database(add))


@router.post(ONE + "hosts/{host}/verify/", response=schemas.HostOut, operation_id="operator_verify_host", tags=HOSTS)
async def verify_host(request: HttpRequest, schema_name: str, host: str, body: schemas.VerifyIn) -> schemas.HostOut:
    """Ask the host for its token, at the port at which this API was reached; or take the operator's word."""
    operator_who_may(request, "change")
    port = request.get_host().rpartition(":")[2]

    def verify() -> schemas.HostOut:
        tenant = find_tenant(schema_name)
        at = int(port) if port.isdigit() else None
        return schemas.host_out(hosts.verify_host(tenant.pk, host, confirmed=body.confirmed, port=at))

    return await in_database(verify)


@router.delete(ONE + "hosts/{host}/", response={204: None}, operation_id="operator_remove_host", tags=HOSTS)
async def remove_host(request: HttpRequest, schema_name: str, host: str) -> Status:
    """Stop answering at a host that is not the primary one."""
    operator_who_may(request, "change")
    await in_database(lambda: hosts.remove_host(find_tenant(schema_name).pk, host))
    return Status(204, None)


@router.get("/receipts/", response=list[schemas.ReceiptOut], operation_id="operator_list_receipts", tags=RECEIPTS)
async def list_receipts(request: HttpRequest, limit: Limit = 50, offset: Offset = 0) -> list[ErasureReceipt]:
    """Receipts of deleted tenants, newest first."""
    operator_who_may(request, "view")

    def read() -> list[ErasureReceipt]:
        with public_context():
            return list(ErasureReceipt.objects.all()[offset : offset + limit])

    return await in_database(read)


@router.get(
    "/receipts/{int:receipt_id}/", response=schemas.ReceiptOut, operation_id="operator_get_receipt", tags=RECEIPTS
)
async def get_receipt(request: HttpRequest, receipt_id: int) -> ErasureReceipt:
    """One receipt."""
    operator_who_may(request, "view")
    found = await in_database(lambda: ErasureReceipt.objects.filter(pk=receipt_id).first())
    if found is None:
        raise NotFound("There is no such receipt.")
    return found


async def _change(request: HttpRequest, schema_name: str, use_case: Callable[[int], Tenant]) -> schemas.TenantOut:
    operator_who_may(request, "change")

    def change() -> schemas.TenantOut:
        use_case(find_tenant(schema_name).pk)
        return schemas.tenant_out(find_tenant(schema_name))

    return await in_database(change)


def _delete(operator: Operator, schema_name: str, name: str) -> ErasureReceipt:
    return tenants.delete_tenant(find_tenant(schema_name).pk, name, by=operator.label)
