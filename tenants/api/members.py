"""Members and invitations over HTTP, for owners and admins: parse, call, return."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from tenants.actors import ROLES, Actor
from tenants.api.auth import actor_of
from tenants.api.scopes import needs_scope
from tenants.database import in_database
from tenants.errors import NotFound
from tenants.models import Invitation, User
from tenants.scopes import ADMIN_SCOPE
from tenants.use_cases import invitations, members
from tenants.use_cases.members import role_names

router = Router()
INVITATIONS = ["invitations"]

Limit = Annotated[int, Query(ge=1, le=200)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]
HIGHEST_ID = 2**63 - 1


class MemberOut(Schema):
    """A member."""

    id: int
    username: str
    email: str
    first_name: str
    last_name: str
    roles: list[str]
    groups: list[str]
    is_active: bool
    last_login: datetime | None

    @staticmethod
    def resolve_roles(user: User) -> list[str]:
        """By name."""
        return sorted(role_names(user).intersection(ROLES))

    @staticmethod
    def resolve_groups(user: User) -> list[str]:
        """By name."""
        return sorted(role_names(user).difference(ROLES))


class MemberChanges(Schema):
    """What changes; the rest stays."""

    roles: list[str] | None = Field(None, description="All roles that the member is to have.")
    is_active: bool | None = Field(None, description="False: cannot sign in, nor can its keys.")


class InvitationIn(Schema):
    """Whom to invite."""

    email: str
    role: str = "Member"


class InvitationOut(Schema):
    """An open invitation."""

    id: int
    email: str
    role: str
    invited_by: str | None
    sent_at: datetime
    expires_at: datetime
    is_expired: bool

    @staticmethod
    def resolve_role(invitation: Invitation) -> str:
        """Its name."""
        return invitation.role.name

    @staticmethod
    def resolve_invited_by(invitation: Invitation) -> str | None:
        """The user name."""
        return invitation.invited_by.username if invitation.invited_by else None


@router.get("/members/", response=list[MemberOut], operation_id="list_members")
@needs_scope(ADMIN_SCOPE)
async def list_members(request: HttpRequest, limit: Limit = 50, offset: Offset = 0) -> list[User]:
    """The members, by user name; also those who cannot sign in."""
    return await in_database(_members, actor_of(request), limit, offset)


@router.patch("/members/{member_id}/", response=MemberOut, operation_id="update_member")
@needs_scope(ADMIN_SCOPE)
async def update_member(request: HttpRequest, member_id: int, payload: MemberChanges) -> User:
    """Give other roles, let in or keep out. Only owners change owners, and one of them stays."""
    return await in_database(_change, actor_of(request), row_id(member_id), payload)


@router.get("/invitations/", response=list[InvitationOut], operation_id="list_invitations", tags=INVITATIONS)
@needs_scope(ADMIN_SCOPE)
async def list_invitations(request: HttpRequest, limit: Limit = 50, offset: Offset = 0) -> list[Invitation]:
    """The open invitations, newest first; also those whose link has expired."""
    return await in_database(_invitations, actor_of(request), limit, offset)


@router.post("/invitations/", response={201: InvitationOut}, operation_id="create_invitation", tags=INVITATIONS)
@needs_scope(ADMIN_SCOPE)
async def create_invitation(request: HttpRequest, payload: InvitationIn) -> Status:
    """Invite somebody by e-mail. The link works once, for seven days."""
    site = site_of(request)
    return Status(201, await in_database(_invite, actor_of(request), payload.email, payload.role, site))


@router.post(
    "/invitations/{invitation_id}/resend/",
    response=InvitationOut,
    operation_id="resend_invitation",
    tags=INVITATIONS,
)
@needs_scope(ADMIN_SCOPE)
async def resend_invitation(request: HttpRequest, invitation_id: int) -> Invitation:
    """Send it again, with a new link; the older one ends."""
    return await in_database(_resend, actor_of(request), row_id(invitation_id), site_of(request))


@router.delete(
    "/invitations/{invitation_id}/", response={204: None}, operation_id="withdraw_invitation", tags=INVITATIONS
)
@needs_scope(ADMIN_SCOPE)
async def withdraw_invitation(request: HttpRequest, invitation_id: int) -> Status:
    """End it: its link does not work any more."""
    await in_database(invitations.withdraw_invitation, actor_of(request), row_id(invitation_id))
    return Status(204, None)


def site_of(request: HttpRequest) -> str:
    """The tenant's address as it was asked for, with scheme and host. The host is one of the tenant's."""
    return request.build_absolute_uri("/").rstrip("/")


def row_id(number: int) -> int:
    """The number, if a row can have it. Raises ``NotFound``."""
    if not 0 < number <= HIGHEST_ID:
        raise NotFound
    return number


def _members(actor: Actor, limit: int, offset: int) -> list[User]:
    return list(members.list_members(actor)[offset : offset + limit])


def _change(actor: Actor, member_id: int, changes: MemberChanges) -> User:
    user = members.change_member(actor, member_id, roles=changes.roles, is_active=changes.is_active)
    return members.list_members(actor).get(pk=user.pk)


def _invitations(actor: Actor, limit: int, offset: int) -> list[Invitation]:
    return list(invitations.open_invitations(actor)[offset : offset + limit])


def _invite(actor: Actor, email: str, role: str, site: str) -> Invitation:
    return _shown(invitations.invite(actor, email, role, site=site))


def _resend(actor: Actor, invitation_id: int, site: str) -> Invitation:
    return _shown(invitations.resend_invitation(actor, invitation_id, site=site))


def _shown(invitation: Invitation) -> Invitation:
    """With what the answer needs of other tables, which cannot be read on the event loop."""
    return Invitation.objects.select_related("role", "invited_by").get(pk=invitation.pk)
