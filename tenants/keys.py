"""API keys: made, recognised, revoked."""

from __future__ import annotations

import hashlib
import secrets

from tenants.models import ApiKey, User

KEY_START = "atr_"
PREFIX_LENGTH = len(KEY_START) + 6


def create_api_key(name: str, user: User | None = None) -> tuple[ApiKey, str]:
    """A new key for the current tenant. Returns the row and the key itself, which is never shown again."""
    secret = KEY_START + secrets.token_urlsafe(32)
    row = ApiKey.objects.create(name=name, user=user, prefix=secret[:PREFIX_LENGTH], digest=digest_of(secret))
    return row, secret


def digest_of(secret: str) -> str:
    """SHA-256 in hex: how a key is stored and looked up."""
    return hashlib.sha256(secret.encode()).hexdigest()


def find_api_key(secret: str) -> ApiKey | None:
    """The valid key of the current tenant that ``secret`` is, or None."""
    row = ApiKey.objects.select_related("user").filter(digest=digest_of(secret)).first()
    if row is None or not row.is_valid or (row.user is not None and not row.user.is_active):
        return None
    return row
