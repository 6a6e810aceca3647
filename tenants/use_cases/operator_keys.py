"""Keys of the operators' API: issued, recognised, revoked."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from tenants.audit import record, recorded, snapshot
from tenants.context import public_context
from tenants.errors import InvalidInput, NotFound
from tenants.keys import digest_of
from tenants.models import OperatorKey, User

KEY_START = "atr_op_"
PREFIX_LENGTH = len(KEY_START) + 6


def issue_operator_key(operator: User, name: str, expires_at: datetime | None = None) -> tuple[OperatorKey, str]:
    """A new key that acts for an operator. Returns its row and the key itself, which nobody can read again.

    Raises ``InvalidInput``.
    """
    name = name.replace("\x00", "").strip()
    if not 0 < len(name) <= 100:
        raise InvalidInput("A key's name has 1 to 100 characters.", field="name")
    if not operator.is_staff or not operator.is_active:
        raise InvalidInput("This user is no operator who can sign in.", field="operator")
    if expires_at is not None and expires_at <= timezone.now():
        raise InvalidInput("This moment has passed: the key would never work.", field="expires_at")
    secret = KEY_START + secrets.token_urlsafe(32)
    with public_context(), transaction.atomic():
        row = OperatorKey.objects.create(
            name=name,
            operator=operator,
            prefix=secret[:PREFIX_LENGTH],
            digest=digest_of(secret),
            expires_at=expires_at,
        )
        record("operator_key.issued", row, after=snapshot(row))
    return row, secret


def find_operator_key(secret: str) -> OperatorKey | None:
    """The valid key that ``secret`` is, with its operator, or None."""
    with public_context():
        row = OperatorKey.objects.select_related("operator").filter(digest=digest_of(secret)).first()
    return row if row is not None and row.is_valid else None


def revoke_operator_key(key_id: int) -> OperatorKey:
    """End a key, at once and for good. Raises ``NotFound``."""
    with public_context(), transaction.atomic():
        row = OperatorKey.objects.select_for_update().filter(pk=key_id).first()
        if row is None:
            raise NotFound("There is no such key.")
        if row.revoked_at is None:
            with recorded(row, "operator_key.revoked"):
                row.revoked_at = timezone.now()
                row.save(update_fields=["revoked_at"])
    return row
