"""Who may do what: role by role, in the console and over HTTP; and an owner who stays."""

from __future__ import annotations

import asyncio

import pytest
from django.contrib.auth.models import Group

from tenants.actors import ADMIN, EDITOR, MEMBER, OWNER
from tenants.context import tenant_context
from tenants.errors import AtriumError, Conflict
from tenants.models import User
from tenants.use_cases.invitations import invite
from tenants.use_cases.members import change_member, set_active
from tests.consoles import Console
from tests.factories import PASSWORD, make_member
from tests.sessions import session_of

CONSOLE = OWNER, ADMIN, EDITOR
MANAGERS = OWNER, ADMIN

PAGES = {
    "": CONSOLE,
    "rag/document/": CONSOLE,
    "rag/collection/": CONSOLE,
    "rag/collection/add/": CONSOLE,
    "assistants/thread/": CONSOLE,
    "tenants/user/": MANAGERS,
    "tenants/user/add/": MANAGERS,
    "tenants/user/{member}/change/": MANAGERS,
    "tenants/user/{member}/password/": MANAGERS,
    "tenants/user/{owner}/password/": (OWNER,),
    "tenants/invitation/": MANAGERS,
    "tenants/invitation/add/": MANAGERS,
    "tenants/invitation/{invitation}/change/": MANAGERS,
    "tenants/apikey/": MANAGERS,
    "tenants/apikey/add/": MANAGERS,
    "tenants/accessrule/": MANAGERS,
    "tenants/accessrule/add/": MANAGERS,
}
NOTHING: dict[str, object] = {}
REQUESTS = [
    ("GET", "/api/members/", None, MANAGERS),
    ("PATCH", "/api/members/{member}/", NOTHING, MANAGERS),
    ("PATCH", "/api/members/{member}/", {"roles": ["Editor"]}, MANAGERS),
    ("PATCH", "/api/members/{member}/", {"is_active": False}, MANAGERS),
    ("PATCH", "/api/members/{member}/", {"roles": ["Owner"]}, (OWNER,)),
    ("PATCH", "/api/members/{owner}/", {"is_active": True}, (OWNER,)),
    ("GET", "/api/invitations/", None, MANAGERS),
    ("POST", "/api/invitations/", {"email": "new@example.com", "role": "Member"}, MANAGERS),
    ("POST", "/api/invitations/", {"email": "new@example.com", "role": "Admin"}, MANAGERS),
    ("POST", "/api/invitations/", {"email": "new@example.com", "role": "Owner"}, (OWNER,)),
    ("POST", "/api/invitations/{invitation}/resend/", None, MANAGERS),
    ("DELETE", "/api/invitations/{invitation}/", None, MANAGERS),
    ("DELETE", "/api/invitations/999999/", None, ()),
    ("GET", "/api/keys/", None, MANAGERS),
    ("POST", "/api/keys/", {"name": "new", "scopes": ["chat"]}, MANAGERS),
    ("POST", "/api/keys/", {"name": "new", "scopes": ["chat"], "member_id": "{owner}"}, (OWNER,)),
    ("DELETE", "/api/keys/999999/", None, ()),
]
ROLES = [OWNER, ADMIN, EDITOR, MEMBER, "no role"]


@pytest.fixture
def people(acme) -> dict[str, User]:
    """Somebody of each role."""
    with tenant_context(acme.ref):
        found = {OWNER: acme.owner, MEMBER: acme.member}
        for role in (ADMIN, EDITOR):
            found[role] = make_member(role.lower(), role, is_staff=True)
        found["no role"] = User.objects.create_user("norole", "norole@example.com", PASSWORD)
    return found


@pytest.fixture
def ids(acme) -> dict[str, int]:
    with tenant_context(acme.ref):
        open_one = invite(acme.actor(acme.owner), "open@example.com", "Member", site="http://acme.localhost")
    return {"member": acme.outsider.pk, "owner": acme.owner.pk, "invitation": open_one.pk}


@pytest.mark.parametrize("role", ROLES)
async def test_pages_of_the_console(server, acme, people, ids, role):
    console = Console(server.client(acme.host, **await session_of(acme, people[role])))
    for page, allowed in PAGES.items():
        status = (await console.open(page.format(**ids))).status_code
        wanted = {200} if role in allowed else {403} if role in CONSOLE else {302}
        assert status in wanted, f"{role} at {page}: {status}"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("method", "path", "body", "allowed"), REQUESTS)
async def test_requests_to_the_api(server, acme, people, ids, role, method, path, body, allowed):
    client = server.client(acme.host, **await session_of(acme, people[role]))
    if body and body.get("member_id"):
        body = body | {"member_id": ids["owner"]}
    answer = await client.request(method, path.format(**ids), json=body)
    if role in allowed:
        assert answer.status_code in (200, 201, 204), answer.text
    else:
        expected = (404,) if "999999" in path and role in MANAGERS else (403, 404) if "999999" in path else (403,)
        assert answer.status_code in expected, answer.text


async def test_a_visitor_without_a_session_is_told_nothing(server, acme):
    for method, path, body, _ in REQUESTS:
        numbers = {"member": 1, "owner": 1, "invitation": 1}
        answer = await server.client(acme.host).request(method, path.format(**numbers), json=body)
        assert answer.status_code == 401


async def test_foreign_and_unknown_look_alike(server, acme, globex, ids):
    client = server.client(globex.host, **await session_of(globex, globex.owner))
    for method, path in (("DELETE", "/api/invitations/{}/"), ("POST", "/api/invitations/{}/resend/")):
        foreign, unknown = [await client.request(method, path.format(id)) for id in (ids["invitation"], 10**9)]
        alike = [{**each.json(), "request_id": ""} for each in (foreign, unknown)]
        assert alike[0] == alike[1]
        assert foreign.status_code == 404


# -- the last owner


@pytest.fixture
def second_owner(acme) -> User:
    with tenant_context(acme.ref):
        return make_member("second", OWNER, is_staff=True)


LEAVING = {
    "gives the role away": {"roles": [ADMIN]},
    "has no role left": {"roles": []},
    "is kept out": {"is_active": False},
}


@pytest.mark.parametrize("change", LEAVING.values(), ids=LEAVING)
def test_the_last_owner_stays(acme, change):
    with tenant_context(acme.ref), pytest.raises(Conflict) as refusal:
        change_member(acme.actor(acme.owner), acme.owner.pk, **change)
    assert refusal.value.code == "last_owner"
    with tenant_context(acme.ref):
        assert User.objects.filter(groups__name=OWNER, is_active=True).count() == 1


@pytest.mark.parametrize("change", LEAVING.values(), ids=LEAVING)
async def test_of_two_owners_who_leave_at_once_one_stays(acme, second_owner, change):
    actor = await acme.run(lambda: acme.actor(acme.owner))  # as it was when both asked

    def leave(owner: User):
        return acme.run(lambda: change_member(actor, owner.pk, **change))

    outcomes = await asyncio.gather(leave(acme.owner), leave(second_owner), return_exceptions=True)
    refused = [each for each in outcomes if isinstance(each, AtriumError)]
    assert [each.code for each in refused] == ["last_owner"]
    owners = await acme.run(lambda: User.objects.filter(groups__name=OWNER, is_active=True).count())
    assert owners == 1


def test_an_owner_who_is_kept_out_does_not_count(acme, second_owner):
    with tenant_context(acme.ref):
        set_active(acme.actor(acme.owner), second_owner.pk, False)
        with pytest.raises(Conflict):
            set_active(acme.actor(acme.owner), acme.owner.pk, False)


async def test_all_owners_at_once_from_the_list_leave_one(server, acme, second_owner):
    console = Console(server.client(acme.host, **await session_of(acme, acme.owner)))
    chosen = [acme.owner.pk, second_owner.pk, acme.member.pk]
    await console.send("tenants/user/", action="keep_out", _selected_action=chosen, index="0")
    active = await acme.run(lambda: set(User.objects.filter(is_active=True).values_list("username", flat=True)))
    assert active & {"owner", "second", "member"} in ({"owner"}, {"second"})


async def test_nobody_is_deleted_from_the_list_either(server, acme):
    console = Console(server.client(acme.host, **await session_of(acme, acme.owner)))
    token = {"action": "delete_selected", "_selected_action": acme.member.pk, "index": "0", "post": "yes"}
    await console.send("tenants/user/", **token)
    assert await acme.run(lambda: User.objects.filter(pk=acme.member.pk).exists())


async def test_who_is_kept_out_is_out_at_once(server, acme):
    member = server.client(acme.host, **await session_of(acme))
    program = server.signed_in(acme)
    owner = server.client(acme.host, **await session_of(acme, acme.owner))
    assert (await owner.patch(f"/api/members/{acme.member.pk}/", json={"is_active": False})).status_code == 200
    assert (await member.get("/api/threads/")).status_code == 401
    assert (await program.get("/api/threads/")).status_code == 401


async def test_changes_that_are_not_sent_stay(server, acme):
    owner = server.client(acme.host, **await session_of(acme, acme.owner))
    changed = await owner.patch(f"/api/members/{acme.member.pk}/", json={"roles": ["Editor", "Member"]})
    assert changed.json()["roles"] == ["Editor", "Member"]
    kept = await owner.patch(f"/api/members/{acme.member.pk}/", json={})
    assert (kept.json()["roles"], kept.json()["is_active"]) == (["Editor", "Member"], True)
    unknown = await owner.patch(f"/api/members/{acme.member.pk}/", json={"roles": ["Emperor"]})
    assert unknown.status_code == 422
    assert await acme.run(lambda: Group.objects.filter(name="Emperor").exists()) is False
