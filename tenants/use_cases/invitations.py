"""Invitations: sent by those who may, accepted by those who got one."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from tenants.actors import ROLES, Actor
from tenants.audit import record, recorded, snapshot
from tenants.context import require_tenant
from tenants.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tenants.letters import send_invitation
from tenants.links import invitation_of, new_nonce
from tenants.members import member_actor
from tenants.models import Invitation, User
from tenants.policies import may_manage_holder_of, may_manage_people
from tenants.text import check_text
from tenants.use_cases.members import add_member, user_name_for

WORKS_FOR = timedelta(days=7)


class InvitationGone(NotFound):
    """This invitation does not work any more. Ask whoever sent it for a new one."""

    code = "invitation_gone"
    title = "The invitation does not work any more"


def open_invitations(actor: Actor) -> QuerySet[Invitation]:
    """The invitations that are neither accepted nor withdrawn, the expired ones too. Raises ``NotAllowed``."""
    if not may_manage_people(actor):
        raise NotAllowed("Owners and admins manage invitations.")
    return Invitation.objects.filter(accepted_at=None, withdrawn_at=None).select_related("role", "invited_by")


def invite(actor: Actor, email: str, role: str, *, site: str) -> Invitation:
    """Invite the address to become a member with the role. ``site`` is the tenant's address, for the link.

    Raises ``NotAllowed``, ``InvalidInput``, and ``Conflict`` for a member's address (``member_exists``) and one that
    is invited already (``invitation_exists``).
    """
    group = _role(actor, role)
    email = _address(email)
    if User.objects.filter(email__iexact=email).exists():
        raise _conflict("A member has this e-mail address already.", "member_exists")
    now = timezone.now()
    try:
        with transaction.atomic():
            invitation = Invitation.objects.create(
                email=email,
                role=group,
                invited_by_id=actor.user_id,
                nonce=new_nonce(),
                sent_at=now,
                expires_at=now + WORKS_FOR,
            )
            record("invitation.sent", invitation, after=snapshot(invitation), by=actor)
            send_invitation.defer(invitation_id=invitation.pk, site=site)
    except IntegrityError:
        said = "This address is invited already. Send that invitation again, or withdraw it."
        raise _conflict(said, "invitation_exists") from None
    return invitation


def resend_invitation(actor: Actor, invitation_id: int, *, site: str) -> Invitation:
    """Send it again, with a new link; the older one ends. Raises ``NotFound``, ``NotAllowed``."""
    with transaction.atomic():
        invitation = _open(actor, invitation_id)
        with recorded(invitation, "invitation.sent_again", by=actor):
            invitation.nonce, invitation.sent_at = new_nonce(), timezone.now()
            invitation.expires_at = invitation.sent_at + WORKS_FOR
            invitation.save(update_fields=["nonce", "sent_at", "expires_at"])
        send_invitation.defer(invitation_id=invitation.pk, site=site)
    return invitation


def withdraw_invitation(actor: Actor, invitation_id: int) -> Invitation:
    """End it: its link does not work any more. Raises ``NotFound``, ``NotAllowed``."""
    with transaction.atomic():
        invitation = _open(actor, invitation_id)
        with recorded(invitation, "invitation.withdrawn", by=actor):
            invitation.withdrawn_at = timezone.now()
            invitation.save(update_fields=["withdrawn_at"])
    return invitation


def read_invitation(token: str) -> Invitation:
    """The invitation that a link opens. Raises ``InvitationGone``, whatever is wrong with the link."""
    with transaction.atomic():
        invitation = invitation_of(token)
    if invitation is None:
        raise InvitationGone
    return invitation


def accept_invitation(token: str, *, first_name: str, last_name: str, password: str) -> User:
    """Make the member whom the link invites; it works once. The caller has judged the password.

    Raises ``InvitationGone``, also where somebody with this address has become a member meanwhile.
    """
    with transaction.atomic():
        invitation = invitation_of(token)
        if invitation is None or User.objects.filter(email__iexact=invitation.email).exists():
            raise InvitationGone
        user = add_member(
            Actor("system", require_tenant()),
            password=password,
            roles={invitation.role.name},
            username=user_name_for(invitation.email),
            email=invitation.email,
            first_name=first_name,
            last_name=last_name,
        )
        with recorded(invitation, "invitation.accepted", by=member_actor(user)):
            invitation.accepted_at, invitation.accepted_by = timezone.now(), user
            invitation.save(update_fields=["accepted_at", "accepted_by"])
    return user


def _open(actor: Actor, invitation_id: int) -> Invitation:
    if not may_manage_people(actor):
        raise NotAllowed("Owners and admins manage invitations.")
    locked = Invitation.objects.select_for_update(of=("self",)).select_related("role")
    invitation = locked.filter(pk=invitation_id, accepted_at=None, withdrawn_at=None).first()
    if invitation is None:
        raise NotFound("There is no such open invitation.")
    _check_may(actor, invitation.role.name)
    return invitation


def _role(actor: Actor, name: str) -> Group:
    _check_may(actor, name)
    group = Group.objects.filter(name=name).first() if name in ROLES else None
    if group is None:
        raise InvalidInput(f"There is no role {name}.", field="role")
    return group


def _check_may(actor: Actor, role: str) -> None:
    if not may_manage_holder_of(actor, {role}):
        raise NotAllowed("Owners and admins invite people, and only an owner invites owners.")


def _address(email: str) -> str:
    email = check_text(email.strip(), field="email", longest=254)
    try:
        validate_email(email)
    except ValidationError:
        raise InvalidInput("This is not an e-mail address.", field="email") from None
    return email


def _conflict(said: str, code: str) -> Conflict:
    """A refusal that belongs to the field with the address."""
    return Conflict(said, code=code, errors=[{"field": "email", "message": said}])
