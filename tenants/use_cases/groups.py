"""Groups of members, which access rules speak about: made, renamed, filled, deleted."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet

from tenants.actors import ROLES, Actor
from tenants.audit import delete_recorded, record, recorded, snapshot
from tenants.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tenants.models import AccessRule, MemberGroup, User
from tenants.policies import may_manage_people
from tenants.text import check_text

LONGEST_NAME = 150  # characters, as Django has it
MOST_NAMED = 3  # rules that a refusal names


class GroupInUse(Conflict):
    """Access rules name this group. Change or delete them first."""

    code = "group_in_use"


def list_groups(actor: Actor) -> QuerySet[MemberGroup]:
    """The groups by name, with ``member_count``. Raises ``NotAllowed``."""
    _check_may(actor)
    return MemberGroup.objects.annotate(member_count=Count("user"))


def create_group(actor: Actor, name: str, member_ids: Collection[int] = ()) -> MemberGroup:
    """A new group, with these members. Raises ``NotAllowed``, ``InvalidInput`` and ``Conflict`` (``group_exists``)."""
    _check_may(actor)
    name = _clean_name(name)
    with transaction.atomic():
        members = _members(member_ids)
        try:
            with transaction.atomic():
                group: MemberGroup = MemberGroup.objects.create(name=name)
        except IntegrityError:
            raise _taken(name) from None
        group.user_set.set(members)
        record("group.added", group, after=snapshot(group, members=_names(members)), by=actor)
    return group


def rename_group(actor: Actor, group_id: int, name: str) -> MemberGroup:
    """Another name; rules go on naming the group. Raises ``NotFound`` and what ``create_group`` raises."""
    _check_may(actor)
    name = _clean_name(name)
    with transaction.atomic():
        group = _locked(group_id)
        if group.name != name:
            try:
                with recorded(group, "group.changed", by=actor):
                    group.name = name
                    group.save(update_fields=["name"])
            except IntegrityError:
                raise _taken(name) from None
    return group


def set_group_members(actor: Actor, group_id: int, member_ids: Collection[int]) -> MemberGroup:
    """Let these be the group's members, and nobody else. Raises ``NotAllowed``, ``NotFound`` and ``InvalidInput``."""
    _check_may(actor)
    with transaction.atomic():
        group = _locked(group_id)
        held, wanted = set(group.user_set.all()), set(_members(member_ids))
        _change(actor, group, wanted - held, held - wanted)
    return group


def add_to_group(actor: Actor, group_id: int, member_id: int) -> None:
    """Put a member into the group, if it is not in it. Raises ``NotAllowed`` and ``NotFound``."""
    _check_may(actor)
    with transaction.atomic():
        group, user = _locked(group_id), _member(member_id)
        _change(actor, group, {user} - set(group.user_set.filter(pk=user.pk)), set())


def remove_from_group(actor: Actor, group_id: int, member_id: int) -> None:
    """Take a member out of the group, if it is in it. Raises ``NotAllowed`` and ``NotFound``."""
    _check_may(actor)
    with transaction.atomic():
        group, user = _locked(group_id), _member(member_id)
        _change(actor, group, set(), set(group.user_set.filter(pk=user.pk)))


def delete_group(actor: Actor, group_id: int) -> None:
    """Delete a group that no rule names; its members stay. Raises ``NotAllowed``, ``NotFound`` and ``GroupInUse``.

    A rule that named a deleted group would be gone with it, and with a rule that denies, somebody would gain access.
    """
    _check_may(actor)
    with transaction.atomic():
        group = _locked(group_id)
        rules = rules_about(group)
        if rules:
            named = "; ".join(f"rule {rule.pk}: {rule}" for rule in rules[:MOST_NAMED])
            more = f" and {len(rules) - MOST_NAMED} more" if len(rules) > MOST_NAMED else ""
            raise GroupInUse(f"{GroupInUse.__doc__} ({named}{more})", rules=[rule.pk for rule in rules])
        delete_recorded(group, by=actor)


def rules_about(group: MemberGroup) -> list[AccessRule]:
    """The access rules that name the group, the disabled ones too."""
    return list(AccessRule.objects.filter(group_id=group.pk).select_related("group").order_by("pk"))


def group_members(actor: Actor, group_id: int) -> QuerySet[User]:
    """Who is in the group, by user name. Raises ``NotAllowed`` and ``NotFound``."""
    _check_may(actor)
    if not MemberGroup.objects.filter(pk=group_id).exists():
        raise _not_there()
    return User.objects.filter(groups=group_id).prefetch_related("groups").order_by("username")


def _change(actor: Actor, group: MemberGroup, joined: Iterable[User], left: Iterable[User]) -> None:
    joined, left = list(joined), list(left)
    if joined or left:
        group.user_set.add(*joined)
        group.user_set.remove(*left)
        record("group.members_changed", group, after={"joined": _names(joined), "left": _names(left)}, by=actor)


def _check_may(actor: Actor) -> None:
    if not may_manage_people(actor):
        raise NotAllowed("Owners and admins manage groups.")


def _clean_name(name: str) -> str:
    name = " ".join(check_text(name, field="name", longest=LONGEST_NAME).split())
    if not name:
        raise InvalidInput(f"A group's name has 1 to {LONGEST_NAME} characters.", field="name")
    if name.casefold() in {role.casefold() for role in ROLES}:
        raise InvalidInput("This is the name of a role. Give the group another one.", field="name")
    return name


def _taken(name: str) -> Conflict:
    said = f"There is a group named {name} already."
    return Conflict(said, code="group_exists", errors=[{"field": "name", "message": said}])


def _locked(group_id: int) -> MemberGroup:
    group: MemberGroup | None = MemberGroup.objects.select_for_update().filter(pk=group_id).first()
    if group is None:
        raise _not_there()
    return group


def _not_there() -> NotFound:
    return NotFound("There is no such group.")


def _member(member_id: int) -> User:
    user = User.objects.filter(pk=member_id).first()
    if user is None:
        raise NotFound("There is no such member.")
    return user


def _members(member_ids: Collection[int]) -> list[User]:
    found = list(User.objects.filter(pk__in=set(member_ids)))
    unknown = set(member_ids) - {user.pk for user in found}
    if unknown:
        raise InvalidInput(f"There is no member {min(unknown)}.", field="member_ids")
    return found


def _names(users: Iterable[User]) -> list[str]:
    return sorted(user.get_username() for user in users)
