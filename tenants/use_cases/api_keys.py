"""API keys of the current tenant: issued and revoked by the people who may."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from tenants.actors import ADMIN, OWNER, Actor
from tenants.audit import record, recorded, snapshot
from tenants.errors import InvalidInput, NotAllowed, NotFound
from tenants.keys import create_api_key
from tenants.models import ApiKey, User
from tenants.policies import may_manage_holder_of, may_manage_people
from tenants.scopes import ADMIN_SCOPE, check_scope, known_scopes, ordinary_scopes
from tenants.text import check_text
from tenants.use_cases.members import role_names


@dataclass(frozen=True, kw_only=True)
class KeyLimits:
    """What a new key may be used for; without ``scopes`` all ordinary ones, without ``assistants`` (ids) all."""

    scopes: Collection[str] | None = None
    assistants: Collection[str] = ()
    expires_at: datetime | None = None


def issue_api_key(
    actor: Actor, name: str, user: User | None = None, limits: KeyLimits | None = None
) -> tuple[ApiKey, str]:
    """A new key. Returns its row and the key itself, which nobody can read again.

    ``user`` is the member that the key acts for; without one it acts as itself.
    Raises ``NotAllowed`` (a key that acts for an owner is issued by an owner; a key issues none that may do more than
    itself), ``ScopeMissing`` and ``InvalidInput``.
    """
    limits = limits or KeyLimits()
    _check_may(actor, user)
    name = _clean_name(name)
    if limits.expires_at is not None and limits.expires_at <= timezone.now():
        raise InvalidInput("This moment has passed: the key would never work.", field="expires_at")
    scopes = ordinary_scopes() if limits.scopes is None else known_scopes(limits.scopes)
    _check_holder(user, scopes)
    _check_not_more(actor, scopes, limits.assistants)
    with transaction.atomic():
        row, secret = create_api_key(
            name, user, scopes=scopes, assistants=limits.assistants, expires_at=limits.expires_at
        )
        record("api_key.issued", row, after=snapshot(row), by=actor)
    return row, secret


def list_api_keys(actor: Actor) -> QuerySet[ApiKey]:
    """All keys, newest first. Raises ``NotAllowed``."""
    check_may_manage_keys(actor)
    return ApiKey.objects.select_related("user")


def check_may_manage_keys(actor: Actor) -> None:
    """Raises ``NotAllowed``."""
    if not may_manage_people(actor):
        raise NotAllowed("Owners and admins manage keys.")


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
            with recorded(row, "api_key.revoked", by=actor):
                row.revoked_at = timezone.now()
                row.save(update_fields=["revoked_at"])
    return row


def rename_api_key(actor: Actor, key_id: int, name: str) -> ApiKey:
    """Give a key another name. Raises ``NotFound``, ``NotAllowed`` and ``InvalidInput``."""
    name = _clean_name(name)
    with transaction.atomic():
        row = ApiKey.objects.select_for_update(of=("self",)).select_related("user").filter(pk=key_id).first()
        if row is None:
            raise NotFound("There is no such key.")
        _check_may(actor, row.user)
        if row.name != name:
            with recorded(row, "api_key.changed", by=actor):
                row.name = name
                row.save(update_fields=["name"])
    return row


def _clean_name(name: str) -> str:
    name = check_text(name, field="name", longest=100).strip()
    if not name:
        raise InvalidInput("A key's name has 1 to 100 characters.", field="name")
    return name


def _check_may(actor: Actor, user: User | None) -> None:
    if not may_manage_holder_of(actor, role_names(user) if user else frozenset()):
        raise NotAllowed("Owners and admins manage keys; a key that acts for an owner is an owner's to manage.")


def _check_holder(user: User | None, scopes: Collection[str]) -> None:
    """A key that may administer does so for a member who may: alone it would have no role."""
    if ADMIN_SCOPE in scopes and (user is None or role_names(user).isdisjoint({OWNER, ADMIN})):
        raise InvalidInput("A key with the scope admin acts for an owner or an admin.", field="user")


def _check_not_more(actor: Actor, scopes: Collection[str], assistants: Collection[str]) -> None:
    """A key issues no key that could do more than itself, and none that could issue keys in its place."""
    check_scope(actor, scopes)
    if actor.kind != "api_key":
        return
    if ADMIN_SCOPE in scopes:
        raise NotAllowed("A key with the scope admin is issued in the console, by a person.")
    if actor.assistants is not None and not (assistants and actor.assistants.issuperset(assistants)):
        raise NotAllowed("Your key is limited to some assistants: limit the new one to those, or fewer.")
