"""A site's identity secret: made here, shown once, kept encrypted.

It has to be readable by the server, as an HMAC is checked with the secret itself. It is encrypted under a key that is
derived from ``SECRET_KEY`` for each tenant; older keys (``SECRET_KEY_FALLBACKS``) go on decrypting.
"""

from __future__ import annotations

import base64
import secrets

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from tenants.context import require_tenant

SECRET_START = "ids_"  # noqa: S105  # how one begins


def new_secret() -> str:
    """A secret of 256 random bits."""
    return SECRET_START + secrets.token_urlsafe(32)


def encrypted(secret: str) -> str:
    """The secret as a token for the current tenant's database."""
    return _fernet().encrypt(secret.encode()).decode()


def decrypted(token: str) -> str | None:
    """The secret in a token; None where no key of the deployment's is the one that made it."""
    try:
        return _fernet().decrypt(token.encode()).decode()
    except InvalidToken:
        return None


def _fernet() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    info = f"atrium.embed.identity.{require_tenant().schema_name}".encode()
    return base64.urlsafe_b64encode(HKDF(SHA256(), 32, salt=None, info=info).derive(key.encode()))
