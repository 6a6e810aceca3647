"""What a visitor's browser proves itself with: a token of a quarter of an hour, and a secret that gets the next one.

The token names the session and the page's origin. It is signed under a key of the tenant's own, which Django derives
from ``SECRET_KEY`` and the salt; the session's row, which is looked at with each request, says the site and the visitor
and can be deleted.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.core import signing

from tenants.context import require_tenant

TOKEN_START, RENEWAL_START = "vis_", "ren_"
TOKEN_LIFE = timedelta(minutes=15)
_LONGEST = 1000  # characters


@dataclass(frozen=True, slots=True)
class TokenParts:
    """What a token says."""

    session_id: int
    origin: str


def new_token(session_id: int, origin: str) -> str:
    """A token for the session's browser on a page of this origin."""
    return TOKEN_START + signing.dumps([session_id, origin], salt=_salt())


def read_token(token: str) -> TokenParts | None:
    """What the token says; None where it is not ours, not this tenant's, or older than ``TOKEN_LIFE``."""
    if len(token) > _LONGEST:
        return None
    try:
        session_id, origin = signing.loads(token.removeprefix(TOKEN_START), salt=_salt(), max_age=TOKEN_LIFE)
    except (signing.BadSignature, ValueError):
        return None
    return TokenParts(session_id, origin)


def new_renewal() -> str:
    """A secret of 256 random bits. Only its digest is stored."""
    return RENEWAL_START + secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _salt() -> str:
    return f"atrium.visitor.{require_tenant().schema_name}"
