"""The audit log over HTTP, of a tenant and of the operators: parse, call, return."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from ninja import Query, Router, Schema
from pydantic import Field

from tenants.api.auth import actor_of
from tenants.api.operator.auth import operator_who_may
from tenants.api.scopes import needs_scope
from tenants.audit.export import Format, exported
from tenants.database import in_database
from tenants.models import AuditEntry
from tenants.scopes import ADMIN_SCOPE
from tenants.use_cases.audit_log import Wanted, entries, list_entries, record_export

router = Router(tags=["audit log"])
operator_router = Router(tags=["audit log"])

Limit = Annotated[int, Query(ge=1, le=500, description="Rows of a page, at the most.")]
After = Annotated[
    int | None,
    Query(ge=1, lt=2**63, description="Id of the last row of the page before; `Link` has the address with it."),
]
_LINK = {
    "headers": {
        "Link": {
            "description": 'Address of the next page, as `<...>; rel="next"`. Not sent with the last one.',
            "schema": {"type": "string"},
        }
    }
}
LISTED: dict[str, Any] = {"responses": {200: _LINK}}
FILE: dict[str, Any] = {
    "responses": {
        200: {
            "description": "The entries, newest first.",
            "content": {kind: {"schema": {"type": "string"}} for kind in ("application/x-ndjson", "text/csv")},
        }
    }
}


class AuditFilter(Schema):
    """Which entries; what is left out does not matter."""

    actor: str = Field("", max_length=255, description="Who acted: a user name, or a key's name.")
    action: str = Field("", max_length=60, description="What was done: member.changed, say.")
    target_kind: str = Field("", max_length=40, description="What it was about: member, access_rule, api_key ...")
    target_id: str = Field("", max_length=64)
    since: datetime | None = Field(None, description="From this moment on, with a time zone.")
    until: datetime | None = Field(None, description="Before this moment, with a time zone.")
    search: str = Field("", max_length=100, description="Words in who, what, about what, address or request id.")


class AuditEntryOut(Schema):
    """One administrative act."""

    id: int
    created_at: datetime
    actor_kind: str = Field(description="member, api_key, operator, system or nobody (not signed in)")
    actor_id: int | None
    actor: str = Field(description="The name at that time.")
    via: str = Field(description="console, api, page, command or job")
    address: str = Field(description="Network address that the request came from.")
    request_id: str = Field(description="X-Request-ID of the answer; the logs have it, too.")
    action: str
    target_kind: str
    target_id: str
    target: str = Field(description="Its name at that time.")
    before: dict[str, Any] = Field(description="What changed, as it was. Secrets are never in it.")
    after: dict[str, Any] = Field(description="What changed, as it is since.")


Filter = Annotated[AuditFilter, Query()]


@router.get("/audit/", response=list[AuditEntryOut], operation_id="list_audit_entries", openapi_extra=LISTED)
@needs_scope(ADMIN_SCOPE)
async def list_audit_entries(
    request: HttpRequest, response: HttpResponse, which: Filter, limit: Limit = 50, after: After = None
) -> list[AuditEntry]:
    """What was done in this tenant by its administrators, newest first. For owners and admins."""
    actor, wanted = actor_of(request), _wanted(which)
    return await _page(request, response, lambda: list_entries(actor, wanted), limit, after)


@router.get("/audit/export", operation_id="export_audit_log", openapi_extra=FILE)
@needs_scope(ADMIN_SCOPE)
async def export_audit_log(request: HttpRequest, which: Filter, format: Format = "jsonl") -> HttpResponseBase:
    """All of these entries as a file: JSON lines, or CSV. That this was done is an entry, too."""
    actor, wanted = actor_of(request), _wanted(which)

    def begin() -> QuerySet[AuditEntry]:
        found = list_entries(actor, wanted)
        record_export(format, wanted, by=actor)
        return found

    return exported(await in_database(begin), format)


@operator_router.get(
    "/audit/", response=list[AuditEntryOut], operation_id="operator_list_audit_entries", openapi_extra=LISTED
)
async def operator_list_audit_entries(
    request: HttpRequest, response: HttpResponse, which: Filter, limit: Limit = 50, after: After = None
) -> list[AuditEntry]:
    """What operators did, newest first. What is done inside a tenant is in that tenant's own log."""
    operator_who_may(request, "view")
    wanted = _wanted(which)
    return await _page(request, response, lambda: entries(wanted), limit, after)


@operator_router.get("/audit/export", operation_id="operator_export_audit_log", openapi_extra=FILE)
async def operator_export_audit_log(request: HttpRequest, which: Filter, format: Format = "jsonl") -> HttpResponseBase:
    """All of these entries as a file: JSON lines, or CSV. That this was done is an entry, too."""
    operator_who_may(request, "view")
    wanted = _wanted(which)

    def begin() -> QuerySet[AuditEntry]:
        found = entries(wanted)
        record_export(format, wanted)
        return found

    return exported(await in_database(begin), format)


async def _page(
    request: HttpRequest,
    response: HttpResponse,
    read: Callable[[], QuerySet[AuditEntry]],
    limit: int,
    after: int | None,
) -> list[AuditEntry]:
    rows = await in_database(lambda: list((read() if after is None else read().filter(id__lt=after))[: limit + 1]))
    if len(rows) > limit:
        query = request.GET.copy()
        query["after"] = str(rows[limit - 1].pk)
        response["Link"] = f'<{request.build_absolute_uri(f"{request.path}?{query.urlencode()}")}>; rel="next"'
    return rows[:limit]


def _wanted(which: AuditFilter) -> Wanted:
    return Wanted(**which.dict())
