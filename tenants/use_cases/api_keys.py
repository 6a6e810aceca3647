"""API keys of the current tenant: issued and revoked by the people who may."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from tenants.actors import Actor
from tenants.errors import InvalidInput, NotAllowed, NotFound
from tenants.keys import create_api_key
from tenants.models import ApiKey, User
from tenants.policies import may_manage_holder_of
from tenants.use_cases.members import role_names


def issue_api_key(
    actor: Actor, name: str, user: User | None = None, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """A new key. Returns its row and the key itself, which nobody can read again.

    ``user`` is the member that the key acts for; without one it acts as itself.
    Raises ``NotAllowed`` (a key that acts for an owner is issued by an owner) and ``InvalidInput``.
    """
    _check_may(actor, user)
    name = name.replace("\x00", "").strip()
    if not 0 < len(name) <= 100:
        raise InvalidInput("A key's name has 1 to 100 characters.", field="name")
    if expires_at is not None and expires_at <= timezone.now():
        raise InvalidInput("This moment has passed: the key would never work.", field="expires_at")
    with transaction.atomic():
        row, secret = create_api_key(name, user)
        if expires_at is not None:
            row.expires_at = expires_at
            row.save(update_fields=["expires_at"])
    return row, secret


def revoke_api_key(actor: Actor, key_id: int) -> ApiKey:
    """End a key, at once and for good. A key that is revoked already keeps its date.

    Raises ``NotFound`` and ``NotAllowed``.
    """
    with transaction.atomic():
        row = ApiKey.objects.select_for_update(of=("self",)).select_related("user").filter(pk=key_id).first()
        if row is None:
            raise NotFound("There is no such key.")
        _check_may(actor, row.user)
        if row.revoked_at is None:
            row.revoked_at = timezone.now()
            row.save(update_fields=["revoked_at"])
    return row


def _check_may(actor: Actor, user: User | None) -> None:
    if not may_manage_holder_of(actor, role_names(user) if user else frozenset()):
        raise NotAllowed("Owners and admins manage keys; a key that acts for an owner is an owner's to manage.")
