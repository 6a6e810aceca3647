"""Members of the current tenant: added, changed, let in and kept out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from itertools import count

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet

from tenants.actors import CONSOLE_ROLES, OWNER, ROLES, Actor
from tenants.audit import record, snapshot
from tenants.budgets.plans import check_room_for_member
from tenants.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tenants.models import User
from tenants.policies import may_manage_holder_of, may_manage_people

_LONGEST_NAME = 150  # characters of a user name
PROFILE = ("username", "email", "first_name", "last_name")


def add_member(actor: Actor, *, password: str | None, roles: Collection[str], **profile: str) -> User:
    """A new member. ``profile`` holds some of ``PROFILE``; without a password nobody can sign in as the member.

    Raises ``NotAllowed`` (only an owner makes owners) and ``Conflict`` for a user name that is taken, ``PlanLimit``.
    """
    _check_may(actor, roles)
    if User.objects.filter(username=profile["username"]).exists():
        raise Conflict("There is a member with this user name already.", code="member_exists")
    with transaction.atomic():
        check_room_for_member()
        user = User.objects.create_user(password=password, **profile)
        _give(user, roles)
        record("member.added", user, after=snapshot(user, roles=set(roles)), by=actor)
    return user


def change_member(
    actor: Actor,
    user_id: int,
    *,
    roles: Collection[str] | None = None,
    is_active: bool | None = None,
    **profile: str,
) -> User:
    """Change who a member is and what it may do; what is not given stays. One that is not active cannot sign in, nor
    can its keys.

    Raises ``NotFound``, ``NotAllowed`` (only an owner changes owners), ``Conflict`` when no active owner would be left,
    ``PlanLimit``.
    """
    with transaction.atomic():
        list(Group.objects.select_for_update().filter(name=OWNER))  # two owners cannot leave at the same moment
        user = User.objects.filter(pk=user_id).first()
        if user is None:
            raise NotFound("There is no such member.")
        held = role_names(user)
        _check_may(actor, {*held, *(roles or ())})
        held_roles = held.intersection(ROLES)
        before = snapshot(user, roles=held_roles)
        if is_active and not user.is_active:
            check_room_for_member()
        for name, value in profile.items():
            setattr(user, name, value)
        user.is_active = user.is_active if is_active is None else is_active
        _give(user, held_roles if roles is None else roles)
        if not User.objects.filter(groups__name=OWNER, is_active=True).exists():
            raise Conflict("Somebody must stay who is an owner and can sign in.", code="last_owner")
        after = snapshot(user, roles=held_roles if roles is None else set(roles))
        if before != after:
            record("member.changed", user, before=before, after=after, by=actor)
    return user


def set_active(actor: Actor, user_id: int, is_active: bool) -> User:
    """Let a member in, or keep it out. Raises what ``change_member`` raises."""
    return change_member(actor, user_id, is_active=is_active)


def list_members(actor: Actor) -> QuerySet[User]:
    """All members with their roles, by user name. Raises ``NotAllowed``."""
    if not may_manage_people(actor):
        raise NotAllowed("Owners and admins see the list of members.")
    return User.objects.prefetch_related("groups").order_by("username")


def user_name_for(email: str) -> str:
    """A user name for somebody with this e-mail address: the address itself, as far as user names allow it."""
    wanted = re.sub(r"[^\w.@+-]", "-", email)[:_LONGEST_NAME]
    taken = set(User.objects.filter(username__startswith=wanted).values_list("username", flat=True))
    further = (f"{wanted[: _LONGEST_NAME - 9]}-{number}" for number in count(2))
    return wanted if wanted not in taken else next(name for name in further if name not in taken)


def role_names(user: User) -> frozenset[str]:
    """The names of the member's roles and groups: one query, none if they were prefetched."""
    return frozenset(group.name for group in user.groups.all())


def _give(user: User, roles: Collection[str]) -> None:
    """Let these be the member's roles. Groups are another matter (``groups.py``): it stays in them."""
    groups = list(Group.objects.filter(name__in=set(roles).intersection(ROLES)))
    _check_known(roles, groups)
    user.is_staff = not CONSOLE_ROLES.isdisjoint(roles)
    user.save()
    user.groups.set([*groups, *user.groups.exclude(name__in=ROLES)])


def _check_known(roles: Collection[str], groups: Iterable[Group]) -> None:
    unknown = set(roles) - {group.name for group in groups}
    if unknown:
        raise InvalidInput(f"There is no role {', '.join(sorted(unknown))}.", field="roles")


def _check_may(actor: Actor, roles: Collection[str]) -> None:
    if not may_manage_holder_of(actor, roles):
        raise NotAllowed("Only an owner changes owners, and makes new ones.")
