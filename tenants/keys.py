"""API keys: made, recognised, revoked."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import CharField

from tenants.members import role_names
from tenants.models import ApiKey, User
from tenants.prepared import Given, Prepared
from tenants.scopes import ordinary_scopes

KEY_START = "atr_"
PREFIX_LENGTH = len(KEY_START) + 6


def create_api_key(
    name: str,
    user: User | None = None,
    *,
    scopes: Collection[str] | None = None,
    assistants: Collection[str] = (),
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A new key for the current tenant. Returns the row and the key itself, which is never shown again.

    Without ``scopes`` it has all the ordinary ones; without ``assistants`` (ids) it is not limited to any.
    """
    secret = KEY_START + secrets.token_urlsafe(32)
    row = ApiKey.objects.create(
        name=name,
        user=user,
        prefix=secret[:PREFIX_LENGTH],
        digest=digest_of(secret),
        scopes=ordinary_scopes() if scopes is None else list(scopes),
        assistants=sorted(set(assistants)),
        expires_at=expires_at,
    )
    return row, secret


def digest_of(secret: str) -> str:
    """SHA-256 in hex: how a key is stored and looked up."""
    return hashlib.sha256(secret.encode()).hexdigest()


def find_api_key(secret: str) -> ApiKey | None:
    """The valid key of the current tenant that ``secret`` is, or None. One query, its member and roles included."""
    row = next(iter(_BY_DIGEST.rows(digest=digest_of(secret))), None)
    if row is None:
        return None
    key = ApiKey.from_db(DEFAULT_DB_ALIAS, _KEY_FIELDS, row[: len(_KEY_FIELDS)])
    *of_user, role_names = row[len(_KEY_FIELDS) :]
    if key.user_id is not None:
        key.user = User.from_db(DEFAULT_DB_ALIAS, _USER_FIELDS, of_user)
        key.user.role_names = role_names
    return key if key.is_valid and (key.user is None or key.user.is_active) else None


def limits_of(key: ApiKey | None) -> dict[str, Any]:
    """What an actor that is this key may do at the most: its ``scopes`` and ``assistants``. No key, no limits."""
    if key is None:
        return {}
    return {"scopes": frozenset(key.scopes), "assistants": frozenset(key.assistants) or None}


_KEY_FIELDS = [field.attname for field in ApiKey._meta.concrete_fields]
_USER_FIELDS = [field.attname for field in User._meta.concrete_fields]
_BY_DIGEST = Prepared(
    lambda: (
        ApiKey.objects.annotate(role_names=role_names("user_id"))
        .filter(digest=Given("digest", CharField()))
        .values_list(*_KEY_FIELDS, *(f"user__{name}" for name in _USER_FIELDS), "role_names")
    )
)
