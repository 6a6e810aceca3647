"""Groups that administrators make and fill, for access rules to speak about."""

from __future__ import annotations

import re

import pytest

from tenants.actors import ROLES
from tenants.models import AccessRule, MemberGroup, User
from tenants.rules.book import decide_now
from tenants.use_cases.groups import create_group, set_group_members
from tenants.use_cases.members import change_member
from tests.audit import logged
from tests.consoles import Console
from tests.sessions import session_of

GROUPS = "/api/groups/"


@pytest.fixture
async def owner(server, acme):
    return server.client(acme.host, **await session_of(acme, acme.owner))


async def make(client, name: str = "Sales", *members: User) -> int:
    answer = await client.post(GROUPS, json={"name": name, "member_ids": [user.pk for user in members]})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def names_in(client, group_id: int) -> list[str]:
    return [each["username"] for each in (await client.get(f"{GROUPS}{group_id}/members/")).json()]


async def test_a_group_is_made_filled_renamed_and_deleted_over_the_api(owner, acme):
    group_id = await make(owner, " Sales ", acme.member)
    at = f"{GROUPS}{group_id}/"
    assert (await owner.get(GROUPS)).json() == [{"id": group_id, "name": "Sales", "member_count": 1}]
    assert (await owner.put(f"{at}members/{acme.outsider.pk}/")).status_code == 204
    assert (await owner.put(f"{at}members/{acme.outsider.pk}/")).status_code == 204
    assert await names_in(owner, group_id) == ["member", "outsider"]
    assert (await owner.delete(f"{at}members/{acme.member.pk}/")).status_code == 204
    assert (await owner.patch(at, json={"name": "Field"})).json()["name"] == "Field"
    listed = await owner.put(f"{at}members/", json={"member_ids": [acme.owner.pk]})
    assert listed.json() == {"id": group_id, "name": "Field", "member_count": 1}
    [me] = [each for each in (await owner.get("/api/members/")).json() if each["username"] == "owner"]
    assert (me["roles"], me["groups"]) == (["Owner"], ["Field"])
    assert (await owner.delete(at)).status_code == 204
    assert (await owner.get(GROUPS)).json() == []
    said = [(each.action, each.after) for each in await logged(acme)]
    assert said == [
        ("group.added", {"name": "Sales", "members": ["member"]}),
        ("group.members_changed", {"joined": ["outsider"], "left": []}),
        ("group.members_changed", {"joined": [], "left": ["member"]}),
        ("group.changed", {"name": "Field"}),
        ("group.members_changed", {"joined": ["owner"], "left": ["outsider"]}),
        ("group.deleted", {}),
    ]


async def test_a_group_decides_by_rules_as_soon_as_somebody_is_in_it_and_by_no_role(owner, acme):
    group_id = await make(owner, "Sales", acme.member)
    rule = {"effect": "deny", "audience": "group", "group_id": group_id, "action": "assistant.*"}
    await acme.run(lambda: AccessRule.objects.create(**rule))

    def may_run() -> list[bool]:
        people = (acme.member, acme.outsider)
        return [decide_now(acme.actor(user), "assistant.run", "docs_assistant").allowed for user in people]

    assert await acme.run(may_run) == [False, True]
    await owner.put(f"{GROUPS}{group_id}/members/", json={"member_ids": [acme.outsider.pk]})
    assert await acme.run(may_run) == [True, False]
    await owner.patch(f"{GROUPS}{group_id}/", json={"name": "Renamed"})
    assert await acme.run(may_run) == [True, False]


async def test_a_group_that_rules_name_is_not_deleted_and_the_refusal_says_which(owner, acme, server):
    group_id = await make(owner)
    rule = await acme.run(
        lambda: AccessRule.objects.create(effect="deny", audience="group", group_id=group_id, enabled=False)
    )
    refused = await owner.delete(f"{GROUPS}{group_id}/")
    assert (refused.status_code, refused.json()["code"], refused.json()["rules"]) == (409, "group_in_use", [rule.pk])
    assert "rule" in refused.json()["detail"]
    console = Console(server.client(acme.host))
    await console.sign_in("owner")
    page = f"tenants/membergroup/{group_id}/delete/"
    shown = await console.open(page)
    assert "Sales" in shown.text
    assert "would require deleting the following protected related objects" in shown.text
    await console.client.post(
        f"/admin/{page}", data={"post": "yes", "csrfmiddlewaretoken": console.client.cookies["csrftoken"]}
    )
    assert (await owner.get(GROUPS)).json() == [{"id": group_id, "name": "Sales", "member_count": 0}]
    assert await acme.run(AccessRule.objects.filter(pk=rule.pk).exists)


async def test_a_group_is_made_filled_and_deleted_in_the_console(server, acme):
    console = Console(server.client(acme.host))
    await console.sign_in("owner")
    made = await console.send("tenants/membergroup/add/", name="Sales", members=[acme.member.pk, acme.outsider.pk])
    assert made.status_code == 302
    group = await acme.run(MemberGroup.objects.get)
    page = f"tenants/membergroup/{group.pk}/change/"
    assert (await console.send(page, name="Field", members=[acme.outsider.pk])).status_code == 302
    assert await acme.run(lambda: list(group.user_set.values_list("username", flat=True))) == ["outsider"]
    listed = (await console.open("tenants/membergroup/")).text
    assert "Field" in listed
    assert (await console.send("tenants/membergroup/add/", name="Field")).status_code == 200
    assert "is the name of a role" in (await console.send("tenants/membergroup/add/", name="owner")).text
    shown = (await console.open(f"tenants/user/{acme.outsider.pk}/change/")).text
    assert set(re.findall(r'name="roles"[^>]*>\s*([A-Za-z]*)', shown)) <= {"", *ROLES}
    assert (await console.send(f"tenants/membergroup/{group.pk}/delete/", post="yes")).status_code == 302
    assert not await acme.run(MemberGroup.objects.exists)


async def test_where_members_are_too_many_to_list_they_are_written_by_name(server, acme, monkeypatch):
    monkeypatch.setattr("tenants.admin.member_field.MOST_LISTED", 2)
    console = Console(server.client(acme.host))
    await console.sign_in("owner")
    assert (
        await console.send("tenants/membergroup/add/", name="Sales", members="member\n\noutsider ")
    ).status_code == 302
    group = await acme.run(MemberGroup.objects.get)
    page = f"tenants/membergroup/{group.pk}/change/"
    assert "member\noutsider</textarea>" in (await console.open(page)).text
    wrong = await console.send(page, name="Sales", members="nobody")
    assert "There is no member with the user name nobody." in wrong.text
    assert (await console.send(page, name="Sales", members="owner")).status_code == 302
    assert await acme.run(lambda: list(group.user_set.values_list("username", flat=True))) == ["owner"]


def test_who_gets_other_roles_stays_in_their_groups(acme):
    from tenants.context import tenant_context

    with tenant_context(acme.ref):
        actor = acme.actor(acme.owner)
        group = create_group(actor, "Sales", [acme.member.pk])
        change_member(actor, acme.member.pk, roles=["Editor"])
        assert set(acme.member.groups.values_list("name", flat=True)) == {"Editor", "Sales"}
        set_group_members(actor, group.pk, [])
        assert set(acme.member.groups.values_list("name", flat=True)) == {"Editor"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "", {"name": "Sales"}, 409, "group_exists"),
        ("POST", "", {"name": " "}, 422, "invalid_input"),
        ("POST", "", {"name": "x" * 151}, 413, "too_large"),
        ("POST", "", {"name": "ADMIN"}, 422, "invalid_input"),
        ("POST", "", {"name": "New", "member_ids": [999999]}, 422, "invalid_input"),
        ("PATCH", "{other}/", {"name": "Sales"}, 409, "group_exists"),
        ("PATCH", "{role}/", {"name": "New"}, 404, "not_found"),
        ("DELETE", "{role}/", None, 404, "not_found"),
        ("PUT", "{role}/members/", {"member_ids": []}, 404, "not_found"),
        ("PUT", "{role}/members/{member}/", None, 404, "not_found"),
        ("GET", "{role}/members/", None, 404, "not_found"),
        ("PUT", "{sales}/members/999999/", None, 404, "not_found"),
        ("DELETE", "{sales}/members/999999/", None, 404, "not_found"),
        ("PUT", "{sales}/members/", {"member_ids": [0]}, 422, "invalid_input"),
    ],
)
async def test_what_cannot_be_is_refused_and_a_role_is_no_group(owner, acme, method, path, body, status, code):
    ids = {"sales": await make(owner), "other": await make(owner, "Other"), "member": acme.member.pk}
    ids["role"] = (await acme.run(lambda: acme.owner.groups.get())).pk
    answer = await owner.request(method, GROUPS + path.format(**ids), json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_members_and_keys_without_the_scope_manage_no_groups_and_nobody_anothers(server, owner, acme, globex):
    group_id = await make(owner)
    member = server.client(acme.host, **await session_of(acme))
    neighbour = server.client(globex.host, **await session_of(globex, globex.owner))
    for client, status in ((member, 403), (server.signed_in(acme), 403), (neighbour, 404)):
        answer = await client.patch(f"{GROUPS}{group_id}/", json={"name": "Taken"})
        assert answer.status_code == status
    assert (await member.get(GROUPS)).status_code == 403
    assert (await neighbour.get(GROUPS)).json() == []
