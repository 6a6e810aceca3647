"""Encrypt the current tenant's provider keys anew."""

from __future__ import annotations

from typing import NamedTuple

from django.db import transaction

from tenants.audit import record
from tenants.credentials.cipher import encrypted_anew
from tenants.credentials.errors import CredentialUnreadable
from tenants.models import ProviderCredential


class Outcome(NamedTuple):
    """How many keys were encrypted anew, and the names of the credentials whose key cannot be read."""

    done: int
    unreadable: list[str]


def reencrypt_credentials() -> Outcome:
    """Put each key under the first encryption key. What is stored stays what it was, so no version changes.

    Raises ``EncryptionNotSetUp``.
    """
    done, unreadable = 0, []
    with transaction.atomic():
        for row in ProviderCredential.objects.select_for_update():
            try:
                token = encrypted_anew(row.encrypted_key)
            except CredentialUnreadable:
                unreadable.append(row.name)
                continue
            ProviderCredential.objects.filter(pk=row.pk).update(encrypted_key=token)
            record("model_provider.reencrypted", row)
            done += 1
    return Outcome(done, unreadable)
