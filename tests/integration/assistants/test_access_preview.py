"""A draft of a rule, tried over HTTP before it is saved."""

from __future__ import annotations

import pytest

from assistants.models import Run, Thread
from tenants.models import AccessRule
from tenants.use_cases.groups import create_group
from tests.sessions import session_of

PATH = "/api/access/preview/"


@pytest.fixture
async def owner(server, acme):
    return server.client(acme.host, **await session_of(acme, acme.owner))


def with_a_run(user) -> None:
    thread = Thread.objects.create(created_by=user, assistant_id="docs_assistant")
    Run.objects.create(
        thread=thread, assistant_id="docs_assistant", actor_kind="member", created_by=user, status="completed"
    )


async def test_it_says_who_loses_what_and_which_runs_would_have_been_refused(owner, acme):
    await acme.run(lambda: with_a_run(acme.member))
    draft = {"effect": "deny", "action": "assistant.run", "audience": "member", "member_id": acme.member.pk}
    answer = await owner.post(PATH, json=draft | {"assistant_id": "docs_assistant"})
    said = answer.json()
    assert answer.status_code == 200, said
    [change] = said["changes"]
    assert change["what"] == [{"action": "assistant.run", "assistant": "docs_assistant", "resource": ""}]
    assert (change["gain"], change["lose"]) == ({"count": 0, "names": []}, {"count": 1, "names": ["member"]})
    [refused] = said["refused_runs"]
    assert (refused["whose"], refused["count"]) == ("member", 1)
    assert (said["complete"], said["begins_later"]) == (True, False)
    assert said["sentence"] == "Member member may not run Documents"
    assert not await acme.run(AccessRule.objects.filter(effect="deny").exists)


async def test_a_stored_rule_is_tried_with_what_would_change_in_it(owner, acme):
    def deny() -> int:
        group = create_group(acme.actor(acme.owner), "Sales", [acme.outsider.pk])
        return AccessRule.objects.create(effect="deny", audience="group", group=group, action="assistant.run").pk

    rule_id = await acme.run(deny)
    assert (await owner.post(PATH, json={"rule_id": rule_id})).json()["changes"] == []
    off = (await owner.post(PATH, json={"rule_id": rule_id, "enabled": False})).json()
    assert {name for change in off["changes"] for name in change["gain"]["names"]} == {"outsider"}
    assert await acme.run(lambda: AccessRule.objects.get(pk=rule_id).enabled)


@pytest.mark.parametrize(
    ("draft", "status", "field"),
    [
        ({"audience": "group"}, 422, "group"),
        ({"audience": "member", "member_id": 999999}, 422, "member_id"),
        ({"audience": "role", "role": "Nobody"}, 422, "role"),
        ({"action": "no.such"}, 422, "action"),
        ({"effect": "perhaps"}, 422, None),
        ({"starts_at": "2030-01-01T00:00:00"}, 422, "starts_at"),
        ({"resource": "x"}, 422, "resource"),
        ({"rule_id": 999999}, 404, None),
    ],
)
async def test_a_draft_that_could_not_be_saved_is_refused_with_the_field(owner, draft, status, field):
    answer = await owner.post(PATH, json=draft)
    assert answer.status_code == status, answer.text
    if field:
        assert answer.json()["errors"][0]["field"] == field


async def test_only_who_manages_rules_tries_them(server, acme):
    member = server.client(acme.host, **await session_of(acme))
    assert (await member.post(PATH, json={})).status_code == 403
    assert (await server.signed_in(acme).post(PATH, json={})).json()["code"] == "scope_missing"
