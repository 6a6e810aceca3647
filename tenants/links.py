"""The secret parts of links that are sent by e-mail: signed, bound to the tenant, and good for once."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core import signing
from django.utils.crypto import constant_time_compare

from tenants.context import active_schema
from tenants.models import Invitation, User

_SALT = "atrium.invitation"


def new_nonce() -> str:
    """What makes an invitation's link one of a kind."""
    return secrets.token_urlsafe(24)


def invitation_token(invitation: Invitation) -> str:
    """The part of the link that opens the invitation."""
    return signing.dumps([invitation.pk, invitation.nonce], salt=_salt())


def invitation_of(token: str) -> Invitation | None:
    """The invitation that the token opens now, if any: it is open, not expired, and no newer link was sent.

    Inside a transaction its row is locked, so that it is accepted once.
    """
    try:
        key, nonce = signing.loads(token, salt=_salt())
    except (signing.BadSignature, ValueError):
        return None
    invitation = Invitation.objects.select_for_update(of=("self",)).select_related("role").filter(pk=key).first()
    if invitation is None or not invitation.is_open or invitation.is_expired:
        return None
    return invitation if constant_time_compare(invitation.nonce, nonce) else None


def _salt() -> str:
    """A salt of the tenant's own: a token of another tenant's is no token here."""
    return f"{_SALT}.{active_schema().schema_name}"


class ResetTokens(PasswordResetTokenGenerator):
    """Django's tokens, bound to the tenant as well."""

    key_salt = "atrium.password-reset"

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        return f"{active_schema().schema_name}.{super()._make_hash_value(user, timestamp)}"


reset_tokens: ResetTokens = ResetTokens()


def may_reset(user: User) -> bool:
    """True where a new password can be asked for: who is kept out, or never had one, is sent no link."""
    return user.is_active and user.has_usable_password() and bool(user.email)
