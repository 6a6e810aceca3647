"""Invitations: an admin sends one, whoever got it becomes a member, once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from django.utils import timezone

from tenants.context import tenant_context
from tenants.errors import Conflict, InvalidInput, NotAllowed
from tenants.links import invitation_token
from tenants.models import Invitation, User
from tenants.use_cases.invitations import (
    InvitationGone,
    accept_invitation,
    invite,
    read_invitation,
    resend_invitation,
    withdraw_invitation,
)
from tests.factories import PASSWORD, make_member
from tests.mail import delivered, link_in, path_in
from tests.sessions import session_of

SITE = "http://acme.localhost"
ADA = {"first_name": "Ada", "last_name": "Lovelace", "password": PASSWORD}


@pytest.fixture
def in_acme(acme):
    with tenant_context(acme.ref):
        yield acme


def invited(tenant, email="ada@example.com", role="Editor") -> Invitation:
    return invite(tenant.actor(tenant.owner), email, role, site=SITE)


def token_of(invitation: Invitation) -> str:
    return invitation_token(Invitation.objects.get(pk=invitation.pk))


# -- accepting


def test_who_accepts_becomes_a_member_with_the_role_and_can_sign_in(in_acme):
    member = accept_invitation(token_of(invited(in_acme)), **ADA)
    assert (member.username, member.email, member.get_full_name()) == ("ada@example.com",) * 2 + ("Ada Lovelace",)
    assert [group.name for group in member.groups.all()] == ["Editor"]
    assert member.is_staff
    assert member.check_password(PASSWORD)


def test_a_link_works_once(in_acme):
    token = token_of(invited(in_acme))
    accept_invitation(token, **ADA)
    with pytest.raises(InvitationGone):
        accept_invitation(token, **ADA)
    assert User.objects.filter(email="ada@example.com").count() == 1


async def test_two_who_accept_at_once_are_one_member(acme):
    token = await acme.run(lambda: token_of(invited(acme)))
    both = [acme.run(lambda: accept_invitation(token, **ADA)) for _ in range(2)]
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["InvitationGone", "User"]


@pytest.mark.parametrize("end", ["expired", "withdrawn", "sent again", "forged", "of another tenant"])
def test_a_link_that_has_ended_tells_nothing_about_why(acme, globex, end):
    with tenant_context(acme.ref):
        invitation = invited(acme)
        token = token_of(invitation)
        if end == "expired":
            Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        elif end == "withdrawn":
            withdraw_invitation(acme.actor(acme.owner), invitation.pk)
        elif end == "sent again":
            resend_invitation(acme.actor(acme.owner), invitation.pk, site=SITE)
        elif end == "forged":
            token = token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")
    where = globex if end == "of another tenant" else acme
    with tenant_context(where.ref):
        if where is globex:  # the same number exists here, too
            invited(globex)
        with pytest.raises(InvitationGone) as refusal:
            read_invitation(token)
    assert refusal.value.detail == InvitationGone.__doc__


def test_an_address_that_a_user_name_cannot_hold_and_one_that_is_taken_get_names_like_it(in_acme):
    make_member("o-hara@example.com")
    User.objects.filter(username="o-hara@example.com").update(email="somebody@else.example")
    member = accept_invitation(token_of(invited(in_acme, "o'hara@example.com")), **ADA)
    assert member.username == "o-hara@example.com-2"
    member.full_clean(exclude=["password"])


def test_who_became_a_member_meanwhile_is_not_made_one_again(in_acme):
    token = token_of(invited(in_acme))
    User.objects.create_user("ada", "Ada@Example.com", PASSWORD)
    with pytest.raises(InvitationGone):
        accept_invitation(token, **ADA)


# -- inviting


@pytest.mark.parametrize("email", ["member@example.com", "MEMBER@Example.com"])
def test_a_members_address_is_refused(in_acme, email):
    with pytest.raises(Conflict, match="A member has this e-mail address") as refusal:
        invited(in_acme, email)
    assert refusal.value.code == "member_exists"
    assert not Invitation.objects.exists()


def test_an_address_is_invited_once_until_that_is_withdrawn(in_acme):
    first = invited(in_acme)
    with pytest.raises(Conflict) as refusal:
        invited(in_acme, "ADA@example.com")
    assert refusal.value.code == "invitation_exists"
    withdraw_invitation(in_acme.actor(in_acme.owner), first.pk)
    invited(in_acme)


@pytest.mark.parametrize(
    "email", ["", "ada", "ada@", "a b@example.com", "ada@example.com\nBcc: all@example.com", "\x00"]
)
def test_what_is_no_address_is_refused(in_acme, email):
    with pytest.raises(InvalidInput):
        invited(in_acme, email)


def test_an_admin_invites_no_owner_and_touches_no_owners_invitation(in_acme):
    admin = in_acme.actor(make_member("admin", "Admin"))
    with pytest.raises(NotAllowed):
        invite(admin, "ada@example.com", "Owner", site=SITE)
    of_owner = invited(in_acme, role="Owner")
    for act in (
        lambda: withdraw_invitation(admin, of_owner.pk),
        lambda: resend_invitation(admin, of_owner.pk, site=SITE),
    ):
        with pytest.raises(NotAllowed):
            act()
    invite(admin, "grace@example.com", "Admin", site=SITE)


# -- by e-mail, over HTTP


async def test_the_way_from_the_console_to_the_chat(server, acme):
    owner = server.client(acme.host, **await session_of(acme, acme.owner))
    answer = await owner.post("/api/invitations/", json={"email": "ada@example.com", "role": "Member"})
    assert answer.status_code == 201
    [message] = await delivered()
    assert message.to == ["ada@example.com"]
    assert message.subject == "Your invitation to Acme"
    assert link_in(message).startswith(f"http://{acme.host}:{server.port}/accounts/invitation/")
    guest = server.client(acme.host)
    page = await guest.get(path_in(message))
    assert "Welcome to Acme" in page.text
    assert "no-store" in page.headers["cache-control"]
    form = {"first_name": "Ada", "password": PASSWORD, "again": PASSWORD}
    form["csrfmiddlewaretoken"] = guest.cookies["csrftoken"]
    joined = await guest.post(path_in(message), data=form)
    assert (joined.status_code, joined.headers["location"]) == (302, "/")
    assert (await guest.get("/api/assistants/")).status_code == 200
    assert (await guest.get(path_in(message))).status_code == 404
    assert (await owner.get("/api/invitations/")).json() == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"again": "something else"}, "not alike"),
        ({"password": "12345678", "again": "12345678"}, "too common"),
        ({"password": "ada@example.com", "again": "ada@example.com"}, "too similar"),
        ({"first_name": ""}, "required"),
    ],
)
async def test_what_is_not_right_yet_is_said_at_its_field(server, acme, changes, said):
    token = await acme.run(lambda: token_of(invited(acme)))
    guest, path = server.client(acme.host), f"/accounts/invitation/{token}/"
    await guest.get(path)
    form = {"first_name": "Ada", "password": PASSWORD, "again": PASSWORD} | changes
    answer = await guest.post(path, data=form | {"csrfmiddlewaretoken": guest.cookies["csrftoken"]})
    assert answer.status_code == 200
    assert said in answer.text


async def test_an_invitation_that_was_withdrawn_before_it_was_sent_is_not_sent(acme):
    invitation = await acme.run(lambda: invited(acme))
    await acme.run(lambda: withdraw_invitation(acme.actor(acme.owner), invitation.pk))
    assert await delivered() == []


async def test_a_new_link_comes_with_each_sending(server, acme):
    owner = server.client(acme.host, **await session_of(acme, acme.owner))
    made = (await owner.post("/api/invitations/", json={"email": "ada@example.com"})).json()
    [first] = await delivered()
    assert (await owner.post(f"/api/invitations/{made['id']}/resend/")).status_code == 200
    [second] = await delivered()
    guest = server.client(acme.host)
    assert (await guest.get(path_in(first))).status_code == 404
    assert (await guest.get(path_in(second))).status_code == 200
    assert (await owner.delete(f"/api/invitations/{made['id']}/")).status_code == 204
    assert (await guest.get(path_in(second))).status_code == 404
    assert (await owner.delete(f"/api/invitations/{made['id']}/")).status_code == 404
