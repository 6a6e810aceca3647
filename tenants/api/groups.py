"""Groups of members over HTTP, for owners and admins: parse, call, return."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from tenants.actors import Actor
from tenants.api.auth import actor_of
from tenants.api.members import HIGHEST_ID, Limit, MemberOut, Offset, row_id
from tenants.api.scopes import needs_scope
from tenants.database import in_database
from tenants.models import MemberGroup, User
from tenants.scopes import ADMIN_SCOPE
from tenants.use_cases import groups

router = Router(tags=["groups"])

MemberId = Annotated[int, Field(ge=1, le=HIGHEST_ID)]


class GroupName(Schema):
    """What a group is called."""

    name: str


class GroupIn(GroupName):
    """A group to be made."""

    member_ids: list[MemberId] = Field([], max_length=10_000)


class GroupMembers(Schema):
    """Who is to be in a group."""

    member_ids: list[MemberId] = Field(max_length=10_000)


class GroupOut(Schema):
    """A group."""

    id: int
    name: str
    member_count: int


@router.get("/groups/", response=list[GroupOut], operation_id="list_groups")
@needs_scope(ADMIN_SCOPE)
async def list_groups(request: HttpRequest, limit: Limit = 50, offset: Offset = 0) -> list[MemberGroup]:
    """The groups, by name. Roles are not among them."""
    actor = actor_of(request)
    return await in_database(lambda: list(groups.list_groups(actor)[offset : offset + limit]))


@router.post("/groups/", response={201: GroupOut}, operation_id="create_group")
@needs_scope(ADMIN_SCOPE)
async def create_group(request: HttpRequest, payload: GroupIn) -> Status:
    """Make a group, for access rules to name."""
    return Status(201, await in_database(_create, actor_of(request), payload.name, payload.member_ids))


@router.patch("/groups/{group_id}/", response=GroupOut, operation_id="rename_group")
@needs_scope(ADMIN_SCOPE)
async def rename_group(request: HttpRequest, group_id: int, payload: GroupName) -> MemberGroup:
    """Another name. Rules go on naming the group."""
    return await in_database(_rename, actor_of(request), row_id(group_id), payload.name)


@router.delete("/groups/{group_id}/", response={204: None}, operation_id="delete_group")
@needs_scope(ADMIN_SCOPE)
async def delete_group(request: HttpRequest, group_id: int) -> Status:
    """Delete a group; its members stay. One that access rules name is refused with 409 `group_in_use`."""
    await in_database(groups.delete_group, actor_of(request), row_id(group_id))
    return Status(204, None)


@router.get("/groups/{group_id}/members/", response=list[MemberOut], operation_id="list_group_members")
@needs_scope(ADMIN_SCOPE)
async def list_group_members(request: HttpRequest, group_id: int, limit: Limit = 50, offset: Offset = 0) -> list[User]:
    """Who is in the group, by user name."""
    actor, key = actor_of(request), row_id(group_id)
    return await in_database(lambda: list(groups.group_members(actor, key)[offset : offset + limit]))


@router.put("/groups/{group_id}/members/", response=GroupOut, operation_id="set_group_members")
@needs_scope(ADMIN_SCOPE)
async def set_group_members(request: HttpRequest, group_id: int, payload: GroupMembers) -> MemberGroup:
    """Let these be the members, and nobody else."""
    return await in_database(_set_members, actor_of(request), row_id(group_id), payload.member_ids)


@router.put("/groups/{group_id}/members/{member_id}/", response={204: None}, operation_id="add_group_member")
@needs_scope(ADMIN_SCOPE)
async def add_group_member(request: HttpRequest, group_id: int, member_id: int) -> Status:
    """Put a member into the group. Nothing happens where it is in it."""
    await in_database(groups.add_to_group, actor_of(request), row_id(group_id), row_id(member_id))
    return Status(204, None)


@router.delete("/groups/{group_id}/members/{member_id}/", response={204: None}, operation_id="remove_group_member")
@needs_scope(ADMIN_SCOPE)
async def remove_group_member(request: HttpRequest, group_id: int, member_id: int) -> Status:
    """Take a member out of the group. Nothing happens where it is not in it."""
    await in_database(groups.remove_from_group, actor_of(request), row_id(group_id), row_id(member_id))
    return Status(204, None)


def _create(actor: Actor, name: str, member_ids: list[int]) -> MemberGroup:
    return _shown(actor, groups.create_group(actor, name, member_ids))


def _rename(actor: Actor, group_id: int, name: str) -> MemberGroup:
    return _shown(actor, groups.rename_group(actor, group_id, name))


def _set_members(actor: Actor, group_id: int, member_ids: list[int]) -> MemberGroup:
    return _shown(actor, groups.set_group_members(actor, group_id, member_ids))


def _shown(actor: Actor, group: MemberGroup) -> MemberGroup:
    return groups.list_groups(actor).get(pk=group.pk)
