"""The model providers that hold for the current tenant, kept in the process as its rules are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db.models.signals import post_delete, post_save
from pydantic import SecretStr

from tenants.context import current_tenant, require_tenant
from tenants.credentials.cipher import decrypted
from tenants.credentials.errors import CredentialUnreadable
from tenants.kept_by_tenant import KeptByTenant

CHANNEL = "atrium_providers"

Identity = tuple[str, int, int]
"""Schema, credential, version: what is made for one is never used for another."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A tenant's provider. ``secret`` is None where its key cannot be read; the rest is as the row has it."""

    identity: Identity
    name: str
    base_url: str
    secret: SecretStr | None
    chat_model: str = ""
    embedding_model: str = ""
    embedding_dimension: int | None = None

    @property
    def key(self) -> str:
        """The key itself: for the client that sends it, and nobody else. Raises ``CredentialUnreadable``."""
        if self.secret is None:
            raise CredentialUnreadable
        return self.secret.get_secret_value()


@dataclass(frozen=True, slots=True)
class Providers:
    """Who answers and who makes vectors; None: the deployment's provider, or the offline models."""

    chat: Provider | None = None
    embedding: Provider | None = None


NONE = Providers()
_in_use: ContextVar[Providers | None] = ContextVar("atrium_providers", default=None)


def providers() -> Providers:
    """The current tenant's: those of the turn that is under way, else as they are now. A query, unless they are kept.

    Outside of any tenant's context there are none.
    """
    if current_tenant() is None:
        return NONE
    in_use = _in_use.get()
    return provider_book.now() if in_use is None or not _is_ours(in_use) else in_use


async def aproviders() -> Providers:
    """``providers`` from the event loop."""
    if current_tenant() is None:
        return NONE
    in_use = _in_use.get()
    return await provider_book.anow() if in_use is None or not _is_ours(in_use) else in_use


@contextmanager
def using(found: Providers) -> Iterator[None]:
    """Inside the block, ``providers`` is ``found``: a turn stays with the providers with which it began."""
    token = _in_use.set(found)
    try:
        yield
    finally:
        _in_use.reset(token)


def provider_of_row(row: Any) -> Provider:
    """A credential's row of the current tenant as it is used."""
    try:
        secret: SecretStr | None = SecretStr(decrypted(row.encrypted_key))
    except CredentialUnreadable:
        secret = None
    identity = (require_tenant().schema_name, row.pk, row.version)
    dimension = row.embedding_dimension
    return Provider(identity, row.name, row.base_url, secret, row.chat_model, row.embedding_model, dimension)


def connect_signals() -> None:
    """Forget a tenant's providers when this process changes them."""
    from tenants.models import ProviderCredential

    for signal in (post_save, post_delete):
        uid = f"atrium-providers-{id(signal)}"
        signal.connect(provider_book.changed_here, sender=ProviderCredential, dispatch_uid=uid)


def _is_ours(found: Providers) -> bool:
    """Whether they are of the tenant in force: work for one tenant may begin inside another's turn."""
    schema = require_tenant().schema_name
    return all(each.identity[0] == schema for each in (found.chat, found.embedding) if each is not None)


def _read() -> Providers:
    from tenants.models import ProviderCredential

    rows = [provider_of_row(row) for row in ProviderCredential.objects.filter(enabled=True)]
    chat = next((row for row in rows if row.chat_model), None)
    return Providers(chat, next((row for row in rows if row.embedding_model), None))


provider_book = KeptByTenant(_read)
