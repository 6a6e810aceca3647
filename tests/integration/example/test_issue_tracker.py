"""The issue tracker: each tenant's own issues, changed by those who may."""

from __future__ import annotations

import asyncio

import pytest

from atrium.demo.example.models import Issue
from tests.integration.example.conftest import post_question
from tests.sse import read_events

TRACKER = "issue_tracker"


async def test_it_lists_the_issues_with_a_status(ask, acme, toner):
    answer = await ask(acme, TRACKER, "List issues with status open")
    assert toner.title in answer
    assert f"number: {toner.pk}" in answer
    assert toner.title not in await ask(acme, TRACKER, "List issues with status closed")


async def test_it_says_so_when_there_are_none(ask, acme):
    assert "no such issues" in await ask(acme, TRACKER, "List issues")


async def test_it_creates_an_issue_with_what_was_said(ask, acme):
    await ask(acme, TRACKER, 'create issue with title "Printer is on fire" and body "Room 12. It smells."')
    made = await acme.run(Issue.objects.get)
    assert (made.title, made.body, made.status) == ("Printer is on fire", "Room 12. It smells.", "open")


async def test_it_asks_for_a_title_and_creates_nothing_without_one(ask, acme):
    assert "title" in await ask(acme, TRACKER, "Create an issue")
    assert not await acme.run(Issue.objects.exists)


async def test_it_shows_all_that_is_known_of_an_issue(ask, acme, toner):
    answer = await ask(acme, TRACKER, f"Get issue {toner.pk}")
    assert "On the second floor." in answer
    assert "nobody" in answer


async def test_it_assigns_an_issue_to_a_member(ask, acme, toner):
    question = f"Assign issue {toner.pk} to the username member"
    await ask(acme, TRACKER, question, by=acme.owner)
    assert (await acme.run(lambda: Issue.objects.get().assignee.username)) == "member"


async def test_it_knows_no_member_by_an_unknown_name(ask, acme, toner):
    question = f"Assign issue {toner.pk} to the username nobody"
    answer = await ask(acme, TRACKER, question, by=acme.owner)
    assert "There is no member with the username nobody." in answer
    assert await acme.run(lambda: Issue.objects.get().assignee) is None


async def test_it_closes_an_issue(ask, acme, toner):
    await ask(acme, TRACKER, f"Close issue {toner.pk}", by=acme.owner)
    assert (await acme.run(Issue.objects.get)).status == "closed"


async def test_it_lets_a_member_create_but_not_close(ask, acme, toner):
    answer = await ask(acme, TRACKER, f"Close issue {toner.pk}")
    assert "You lack the permission to change issues." in answer
    assert (await acme.run(Issue.objects.get)).status == "open"


@pytest.mark.parametrize("role", ["Owner", "Admin", "Editor", "Member"])
@pytest.mark.parametrize(
    ("question", "who_may"),
    [
        ("List issues", {"Owner", "Admin", "Editor", "Member"}),
        ("Get issue {}", {"Owner", "Admin", "Editor", "Member"}),
        ("Create issue with title 'Another'", {"Owner", "Admin", "Editor", "Member"}),
        ("Assign issue {} to the username member", {"Owner", "Admin", "Editor"}),
        ("Close issue {}", {"Owner", "Admin", "Editor"}),
    ],
)
async def test_it_does_for_a_role_what_the_role_may_do(ask, acme, people, toner, role, question, who_may):
    answer = await ask(acme, TRACKER, question.format(toner.pk), by=people[role])
    assert ("You lack the permission" not in answer) == (role in who_may)


async def test_it_does_nothing_for_a_key_that_acts_for_nobody(ask, acme, toner):
    answer = await ask(acme, TRACKER, "List issues", by=None)
    assert "You lack the permission to view issues." in answer
    assert toner.title not in answer


async def test_it_shows_each_tenant_its_own_issues_only(ask, acme, globex, toner, filters):
    answers = await asyncio.gather(*(ask(each, TRACKER, "List issues") for each in (acme, globex) * 4))
    for answer, own, foreign in zip(answers, (toner, filters) * 4, (filters, toner) * 4, strict=True):
        assert own.title in answer
        assert foreign.title not in answer


async def test_a_new_issue_is_in_the_tenant_that_it_was_created_for(ask, acme, globex):
    await asyncio.gather(
        ask(acme, TRACKER, 'create issue with title "For acme"'),
        ask(globex, TRACKER, 'create issue with title "For globex"'),
    )
    titles = [await tenant.run(lambda: [issue.title for issue in Issue.objects.all()]) for tenant in (acme, globex)]
    assert titles == [["For acme"], ["For globex"]]


async def test_another_tenants_issue_looks_like_one_that_does_not_exist(ask, acme, toner, globex):
    answer = await ask(globex, TRACKER, f"Get issue {toner.pk}")
    assert f"There is no issue number {toner.pk}." in answer


async def test_it_waits_for_approval_before_it_deletes(client_of, acme, toner):
    client = await client_of(acme, acme.owner)
    response = await post_question(client, TRACKER, f"Delete issue {toner.pk}", accept="text/event-stream")
    last = read_events(response.text)[-1]
    assert last.type == "run.waiting"
    assert [(call["name"], call["args"]) for call in last.data["tool_calls"]] == [
        ("delete_issue", {"number": toner.pk})
    ]
    assert await acme.run(Issue.objects.exists)


async def test_it_deletes_what_a_person_has_approved(client_of, acme, toner):
    answer = await decided(await client_of(acme, acme.owner), toner, {"decision": "approve"})
    assert f"Issue {toner.pk} is deleted." in answer
    assert not await acme.run(Issue.objects.exists)


async def test_it_deletes_nothing_that_a_person_has_refused(client_of, acme, toner):
    answer = await decided(await client_of(acme, acme.owner), toner, {"decision": "refuse", "reason": "Still open."})
    assert "Still open." in answer
    assert await acme.run(Issue.objects.exists)


async def test_it_deletes_another_issue_that_a_person_has_put_in(client_of, acme, toner):
    other = await acme.run(lambda: Issue.objects.create(title="A duplicate"))
    decision = {"decision": "edit", "args": {"number": other.pk}}
    answer = await decided(await client_of(acme, acme.owner), toner, decision)
    assert f"Issue {other.pk} is deleted." in answer
    assert await acme.run(Issue.objects.get) == toner


async def test_an_approval_lends_nobody_a_permission(server, client_of, acme, toner):
    answer = await decided(server.signed_in(acme), toner, {"decision": "approve"})
    assert "You lack the permission to delete issues." in answer
    assert await acme.run(Issue.objects.exists)


async def decided(client, issue: Issue, decision: dict) -> str:
    """The answer to a request to delete the issue, after this decision on the proposed call."""
    asked = await post_question(client, TRACKER, f"Delete issue {issue.pk}", accept="text/event-stream")
    last = read_events(asked.text)[-1].data
    body = {"decisions": [{"call_id": last["tool_calls"][0]["id"], **decision}], "mode": "stream"}
    answered = await client.post(f"/api/runs/{last['run_id']}/approvals/", json=body)
    assert answered.status_code == 200, answered.text
    return read_events(answered.text)[-1].data["messages"][-1]["content"]
