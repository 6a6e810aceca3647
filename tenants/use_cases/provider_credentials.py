"""The current tenant's own model providers: made, changed, tried and deleted by those who may."""

from __future__ import annotations

from dataclasses import dataclass, replace

import httpx
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from tenants.actors import Actor
from tenants.audit import Target, delete_recorded, record, snapshot
from tenants.budgets.errors import NotInPlan
from tenants.budgets.in_force import terms
from tenants.credentials.cipher import check_is_set_up, encrypted, hint_of
from tenants.credentials.in_force import Provider, provider_of_row
from tenants.credentials.trying import Check, problems_of, try_provider
from tenants.database import give_connections_back, in_database
from tenants.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tenants.models import ProviderCredential
from tenants.network import AddressRefused, UrlInvalid, default_guard
from tenants.policies import may_manage_people
from tenants.sync_bridge import from_sync
from tenants.text import check_text

_TAKEN = {
    "one_provider_for_chat": ("chat_model", "Another model provider answers already. Disable it first."),
    "one_provider_for_embeddings": (
        "embedding_model",
        "Another model provider is for documents already. Disable it first.",
    ),
}


@dataclass(frozen=True, kw_only=True)
class ProviderSettings:
    """What can be said of a provider. ``api_key`` None keeps the stored one."""

    name: str
    base_url: str
    api_key: str | None = None
    chat_model: str = ""
    embedding_model: str = ""
    embedding_dimension: int | None = None
    enabled: bool = True


def list_providers(actor: Actor) -> QuerySet[ProviderCredential]:
    """All of them, by name. Raises ``NotAllowed``."""
    check_may_manage_providers(actor)
    return ProviderCredential.objects.all()


def create_provider(actor: Actor, wanted: ProviderSettings) -> ProviderCredential:
    """A new provider. It is used from the next answer on, by every process.

    Raises ``NotAllowed``, ``InvalidInput``, ``AddressRefused``, ``NotInPlan``, ``EncryptionNotSetUp``, and
    ``Conflict`` for a second one that answers, or that is for documents.
    """
    check_may_manage_providers(actor)
    wanted = _checked(wanted)
    if not wanted.api_key:
        raise InvalidInput("Enter the key. A server that takes none is content with any word.", field="api_key")
    row = ProviderCredential()
    _fill(row, wanted)
    with transaction.atomic():
        _store(row)
        record("model_provider.added", row, after=snapshot(row), by=actor)
    return row


def replace_provider(actor: Actor, credential_id: int, wanted: ProviderSettings) -> ProviderCredential:
    """The provider with other settings. Without a key the stored one stays, but only for the same server: nobody may
    have a key sent to an address of theirs that they cannot read.

    Raises what ``create_provider`` raises, and ``NotFound``.
    """
    check_may_manage_providers(actor)
    with transaction.atomic():
        row = _locked(credential_id)
        wanted = _checked(wanted)
        if not wanted.api_key and _server(row.base_url) != _server(wanted.base_url):
            raise InvalidInput("The address is another server's: enter its key, too.", field="api_key")
        before = snapshot(row, key="as it was")
        _fill(row, wanted)
        row.version += 1
        _store(row)
        after = snapshot(row, key="replaced" if wanted.api_key else "as it was")
        record("model_provider.changed", row, before=before, after=after, by=actor)
    return row


def settings_of(row: ProviderCredential) -> ProviderSettings:
    """What is stored, without the key: to change a part of it."""
    return ProviderSettings(
        name=row.name,
        base_url=row.base_url,
        chat_model=row.chat_model,
        embedding_model=row.embedding_model,
        embedding_dimension=row.embedding_dimension,
        enabled=row.enabled,
    )


def get_provider(actor: Actor, credential_id: int) -> ProviderCredential:
    """One of them. Raises ``NotAllowed`` and ``NotFound``."""
    check_may_manage_providers(actor)
    row = ProviderCredential.objects.filter(pk=credential_id).first()
    if row is None:
        raise NotFound("There is no such model provider.")
    return row


def delete_provider(actor: Actor, credential_id: int) -> None:
    """Delete it and its key, at once and for good. Raises ``NotAllowed`` and ``NotFound``."""
    check_may_manage_providers(actor)
    with transaction.atomic():
        delete_recorded(_locked(credential_id), by=actor)


def try_out_provider(actor: Actor, credential_id: int) -> list[Check]:
    """Make a small call of each of its models and note what came of it. No connection is held meanwhile.

    Raises ``NotAllowed`` and ``NotFound``; what is wrong with the provider is in the checks.
    """
    provider = _provider(actor, credential_id)
    give_connections_back()
    checks = from_sync(try_provider, provider)
    _note(actor, provider, problems_of(checks))
    return checks


async def atry_out_provider(actor: Actor, credential_id: int) -> list[Check]:
    """``try_out_provider`` from the event loop."""
    provider = await in_database(_provider, actor, credential_id)
    checks = await try_provider(provider)
    await in_database(_note, actor, provider, problems_of(checks))
    return checks


def check_may_manage_providers(actor: Actor) -> None:
    """Raises ``NotAllowed``."""
    if not may_manage_people(actor):
        raise NotAllowed("Owners and admins manage model providers.")


def _provider(actor: Actor, credential_id: int) -> Provider:
    return provider_of_row(get_provider(actor, credential_id))


def _note(actor: Actor, provider: Provider, problem: str) -> None:
    """Of the version that was tried: a newer one has not been."""
    _, credential_id, version = provider.identity
    about = Target("model_provider", str(credential_id), provider.name)
    with transaction.atomic():
        tried = ProviderCredential.objects.filter(pk=credential_id, version=version)
        tried.update(tested_at=timezone.now(), test_problem=problem[:500])
        record("model_provider.tested", about, after={"result": problem or "works"}, by=actor)


def _locked(credential_id: int) -> ProviderCredential:
    row = ProviderCredential.objects.select_for_update().filter(pk=credential_id).first()
    if row is None:
        raise NotFound("There is no such model provider.")
    return row


def _checked(wanted: ProviderSettings) -> ProviderSettings:
    """What is wanted, tidied. Raises for the first thing that is wrong with it."""
    name = check_text(wanted.name, field="name", longest=100).strip()
    if not name:
        raise InvalidInput("A model provider's name has 1 to 100 characters.", field="name")
    chat = check_text(wanted.chat_model, field="chat_model", longest=200).strip()
    embedding = check_text(wanted.embedding_model, field="embedding_model", longest=200).strip()
    if not chat and not embedding:
        raise InvalidInput("Name a chat model, an embedding model, or both.", field="chat_model")
    if embedding and not 1 <= (wanted.embedding_dimension or 0) <= 4000:
        raise InvalidInput("Say how many numbers its vectors have, 1 to 4,000.", field="embedding_dimension")
    allowed = terms().plan.models
    if chat and allowed and chat not in allowed:
        message = f"Your plan does not have the model {chat}."
        raise NotInPlan(message, code="model_not_in_plan", errors=_at("chat_model", message))
    return replace(
        wanted,
        name=name,
        base_url=_checked_url(wanted.base_url),
        api_key=_checked_key(wanted.api_key),
        chat_model=chat,
        embedding_model=embedding,
        embedding_dimension=wanted.embedding_dimension if embedding else None,
    )


def _checked_url(text: str) -> str:
    text = check_text(text, field="base_url", longest=500).strip().rstrip("/")
    try:
        url = default_guard().check_url(text)
    except (AddressRefused, UrlInvalid) as error:
        error.facts["errors"] = _at("base_url", error.detail)
        raise
    if url.query or url.fragment:
        raise InvalidInput("A base URL has nothing behind a ? or a #.", field="base_url")
    return text


def _checked_key(key: str | None) -> str | None:
    key = check_text(key or "", field="api_key", longest=2000).strip()
    if key and not (key.isascii() and key.isprintable() and " " not in key):
        raise InvalidInput("A key has letters, digits and signs, and no spaces.", field="api_key")
    if key:
        check_is_set_up()
    return key or None


def _at(field: str, message: str) -> list[dict[str, str]]:
    return [{"field": field, "message": message}]


def _server(base_url: str) -> tuple[str, str, int | None]:
    url = httpx.URL(base_url)
    return url.scheme, url.host, url.port


def _fill(row: ProviderCredential, wanted: ProviderSettings) -> None:
    row.name, row.base_url, row.enabled = wanted.name, wanted.base_url, wanted.enabled
    row.chat_model, row.embedding_model = wanted.chat_model, wanted.embedding_model
    row.embedding_dimension = wanted.embedding_dimension
    row.tested_at, row.test_problem = None, ""
    if wanted.api_key:
        row.encrypted_key, row.key_hint = encrypted(wanted.api_key), hint_of(wanted.api_key)


def _store(row: ProviderCredential) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        for constraint, (field, message) in _TAKEN.items():
            if constraint in str(error):
                raise Conflict(message, code="provider_exists", errors=_at(field, message)) from error
        message = "There is a model provider of this name already."
        raise Conflict(message, code="provider_exists", errors=_at("name", message)) from error
