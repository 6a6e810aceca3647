"""The tenant's own model providers over HTTP, for owners and admins: parse, call, return."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field, SecretStr

from tenants.actors import Actor
from tenants.api.auth import actor_of
from tenants.api.members import Limit, Offset, row_id
from tenants.api.scopes import needs_scope
from tenants.database import in_database
from tenants.models import ProviderCredential
from tenants.scopes import ADMIN_SCOPE
from tenants.use_cases import provider_credentials as use_cases
from tenants.use_cases.provider_credentials import ProviderSettings

router = Router()


class ProviderIn(Schema):
    """A provider to be made: at least one of the two models."""

    name: str
    base_url: str = Field(description="Where the server speaks OpenAI's protocol, such as https://host/v1.")
    api_key: SecretStr = Field(description="Stored encrypted. No answer ever shows it.")
    chat_model: str = Field("", description="Answers for assistants that name no model. Empty: not for answers.")
    embedding_model: str = Field("", description="For new collections. Empty: not for documents.")
    embedding_dimension: int | None = Field(None, description="How many numbers its vectors have.")
    enabled: bool = True


class ProviderChanges(Schema):
    """What changes; the rest stays. With another server in ``base_url``, ``api_key`` is needed."""

    name: str | None = None
    base_url: str | None = None
    api_key: SecretStr | None = None
    chat_model: str | None = None
    embedding_model: str | None = None
    embedding_dimension: int | None = None
    enabled: bool | None = None


class ProviderOut(Schema):
    """A provider, without its key."""

    id: int
    name: str
    base_url: str
    key_hint: str = Field(description="The key's last characters, of one that is long enough.")
    chat_model: str
    embedding_model: str
    embedding_dimension: int | None
    enabled: bool
    created_at: datetime
    updated_at: datetime
    tested_at: datetime | None
    test_problem: str = Field(description="What the last test found wrong. Empty: nothing, or there was none.")


class CheckOut(Schema):
    """What came of one call."""

    part: str = Field(description="`chat` or `embeddings`.")
    ok: bool
    code: str = Field(description="`ok`, or what is wrong: `key_refused`, `model_unknown`, `address_refused` ...")
    message: str


@router.get("/providers/", response=list[ProviderOut], operation_id="list_providers")
@needs_scope(ADMIN_SCOPE)
async def list_providers(request: HttpRequest, limit: Limit = 50, offset: Offset = 0) -> list[ProviderCredential]:
    """The model providers of the tenant's own, by name."""
    return await in_database(_listed, actor_of(request), limit, offset)


@router.post("/providers/", response={201: ProviderOut}, operation_id="create_provider")
@needs_scope(ADMIN_SCOPE)
async def create_provider(request: HttpRequest, payload: ProviderIn) -> Status:
    """Have a provider of your own. It is used from the next answer on."""
    wanted = ProviderSettings(**_plain(payload.dict()))
    return Status(201, await in_database(use_cases.create_provider, actor_of(request), wanted))


@router.patch("/providers/{provider_id}/", response=ProviderOut, operation_id="replace_provider")
@needs_scope(ADMIN_SCOPE)
async def replace_provider(request: HttpRequest, provider_id: int, payload: ProviderChanges) -> ProviderCredential:
    """Change a provider, or replace its key."""
    changes = _plain(payload.dict(exclude_unset=True))
    return await in_database(_replaced, actor_of(request), row_id(provider_id), changes)


@router.post("/providers/{provider_id}/test/", response=list[CheckOut], operation_id="test_provider")
@needs_scope(ADMIN_SCOPE)
async def test_provider(request: HttpRequest, provider_id: int) -> Any:
    """Make a small call of each of the provider's models, and say what is wrong."""
    return await use_cases.atry_out_provider(actor_of(request), row_id(provider_id))


@router.delete("/providers/{provider_id}/", response={204: None}, operation_id="delete_provider")
@needs_scope(ADMIN_SCOPE)
async def delete_provider(request: HttpRequest, provider_id: int) -> Status:
    """Delete a provider and its key, at once and for good."""
    await in_database(use_cases.delete_provider, actor_of(request), row_id(provider_id))
    return Status(204, None)


def _listed(actor: Actor, limit: int, offset: int) -> list[ProviderCredential]:
    return list(use_cases.list_providers(actor)[offset : offset + limit])


def _replaced(actor: Actor, credential_id: int, changes: dict[str, Any]) -> ProviderCredential:
    now = use_cases.settings_of(use_cases.get_provider(actor, credential_id))
    return use_cases.replace_provider(actor, credential_id, replace(now, **changes))


def _plain(given: dict[str, Any]) -> dict[str, Any]:
    """The fields that say something, the key as the use case takes it. Null says nothing, but for the dimension."""
    said = {name: value for name, value in given.items() if value is not None or name == "embedding_dimension"}
    if "api_key" in said:
        said["api_key"] = said["api_key"].get_secret_value()
    return said
