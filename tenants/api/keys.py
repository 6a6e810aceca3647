"""API keys over HTTP, for owners and admins: parse, call, return."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from tenants.actors import Actor
from tenants.api.auth import actor_of
from tenants.api.members import Limit, Offset, row_id
from tenants.api.scopes import needs_scope
from tenants.database import in_database
from tenants.errors import InvalidInput
from tenants.models import ApiKey, User
from tenants.scopes import ADMIN_SCOPE
from tenants.use_cases import api_keys
from tenants.use_cases.api_keys import KeyLimits

router = Router()


class KeyIn(Schema):
    """A key to be made."""

    name: str
    scopes: list[str] = Field(description="What it may be used for.")
    assistants: list[str] = Field([], description="Ids of the assistants that it is for. None: all.")
    member_id: int | None = Field(None, description="The member that it acts for. None: it acts as itself.")
    expires_at: datetime | None = Field(None, description="With a time zone. None: it works until it is revoked.")


class KeyOut(Schema):
    """A key, without the key itself."""

    id: int
    name: str
    prefix: str
    scopes: list[str]
    assistants: list[str]
    member_id: int | None = Field(alias="user_id")
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="Right to a minute or two.")


class NewKeyOut(KeyOut):
    """A new key."""

    key: str = Field(description="The key itself. It is not shown again.")


@router.get("/keys/", response=list[KeyOut], operation_id="list_keys", by_alias=False)
@needs_scope(ADMIN_SCOPE)
async def list_keys(request: HttpRequest, limit: Limit = 50, offset: Offset = 0) -> list[ApiKey]:
    """The API keys, newest first; also those that are revoked or expired."""
    return await in_database(_keys, actor_of(request), limit, offset)


@router.post("/keys/", response={201: NewKeyOut}, operation_id="create_key", by_alias=False)
@needs_scope(ADMIN_SCOPE)
async def create_key(request: HttpRequest, payload: KeyIn) -> Status:
    """Make a key. This answer is the only one that ever shows it."""
    return Status(201, await in_database(_issue, actor_of(request), payload))


@router.delete("/keys/{key_id}/", response={204: None}, operation_id="revoke_key")
@needs_scope(ADMIN_SCOPE)
async def revoke_key(request: HttpRequest, key_id: int) -> Status:
    """Revoke a key, at once and for good."""
    await in_database(api_keys.revoke_api_key, actor_of(request), row_id(key_id))
    return Status(204, None)


def _keys(actor: Actor, limit: int, offset: int) -> list[ApiKey]:
    return list(api_keys.list_api_keys(actor)[offset : offset + limit])


def _issue(actor: Actor, wanted: KeyIn) -> ApiKey:
    api_keys.check_may_manage_keys(actor)
    if wanted.expires_at is not None and wanted.expires_at.tzinfo is None:
        raise InvalidInput("Say in which time zone: 2030-01-31T12:00:00Z, say.", field="expires_at")
    limits = KeyLimits(scopes=wanted.scopes, assistants=wanted.assistants, expires_at=wanted.expires_at)
    row, secret = api_keys.issue_api_key(actor, wanted.name, _holder(wanted.member_id), limits)
    row.key = secret  # type: ignore[attr-defined]  # for this answer only
    return row


def _holder(member_id: int | None) -> User | None:
    if member_id is None:
        return None
    user = User.objects.filter(pk=row_id(member_id), is_active=True).first()
    if user is None:
        raise InvalidInput("There is no such active member.", field="member_id")
    return user
