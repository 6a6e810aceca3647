"""Limits of access rules at the beginning of a run: however it begins, for each person, and exactly so many."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import openai
import pytest
from django.db import transaction

from assistants import AIAssistant, method_tool
from assistants.models import Message, Run, Thread
from assistants.use_cases import acreate_message, create_message
from assistants.use_cases.begin_turn import begin_turn
from tenants.actors import Actor
from tenants.budgets.errors import BudgetExhausted, RuleLimit
from tenants.context import public_context, tenant_context
from tenants.database import in_database
from tenants.keys import create_api_key
from tenants.models import AccessRule, Budget, BudgetCounter
from tests.played_model import PlayedModel, wants

pytestmark = pytest.mark.usefixtures("plain")

RESERVED = 10_001  # tokens that "hello" sets aside


@pytest.fixture
def plain(registry, use_model) -> None:
    class Plain(AIAssistant):
        id = "plain"
        name = "Plain"
        instructions = "Answer."

        @method_tool(requires_approval=True)
        def delete(self) -> str:
            """Delete something."""
            return "gone"

    use_model(PlayedModel(answers=["Hello."] * 100))


@pytest.fixture
def limited(acme):
    """``await limited(runs_per_minute=2)``: a rule for everyone signed in, beside those of a new tenant; its id."""

    async def make(**fields: Any) -> int:
        return await acme.run(lambda: AccessRule.objects.create(**fields).pk)

    return make


async def ask(client: Any, thread_id: str = "", **headers: str) -> Any:
    thread_id = thread_id or (await client.post("/api/threads/", json={})).json()["id"]
    body = {"assistant_id": "plain", "content": "hello", "mode": "wait"}
    return await client.post(f"/api/threads/{thread_id}/runs/", json=body, headers=headers)


async def test_the_run_beyond_the_limit_is_refused_before_anything_is_stored(server, acme, limited):
    rule_id, client = await limited(runs_per_minute=2), server.signed_in(acme)
    assert [(await ask(client)).status_code for _ in range(2)] == [201, 201]
    before = await acme.run(Message.objects.count)
    refused = await ask(client)
    said = refused.json()
    assert (refused.status_code, said["code"], said["rule_id"]) == (429, "rule_limit_runs", rule_id)
    assert 1 <= int(refused.headers["Retry-After"]) <= 31
    assert f"rule {rule_id}" in said["detail"]
    assert (await acme.run(Message.objects.count), await acme.run(Run.objects.count)) == (before, 2)


async def test_every_way_to_begin_a_run_counts_and_is_refused(server, acme, limited, sdk):
    await limited(runs_per_minute=4)
    client = server.signed_in(acme)
    run_id = (await ask(client)).json()["id"]
    assert (await client.post(f"/api/runs/{run_id}/regenerate/")).status_code in (200, 201)
    await sdk(acme).chat.completions.create(model="plain", messages=[{"role": "user", "content": "hello"}])
    thread = await acme.run(lambda: Thread.objects.create(created_by=acme.member))
    with tenant_context(acme.ref):
        await acreate_message("plain", thread, acme.member, "hello")
        with pytest.raises(RuleLimit):
            await acreate_message("plain", thread, acme.member, "hello")
        with pytest.raises(RuleLimit):
            await in_database(create_message, "plain", thread, acme.member, "hello")
    assert (await client.post(f"/api/runs/{run_id}/regenerate/")).json()["code"] == "rule_limit_runs"
    assert (await ask(client)).json()["code"] == "rule_limit_runs"
    with pytest.raises(openai.RateLimitError) as refused:
        await (
            sdk(acme)
            .with_options(max_retries=0)
            .chat.completions.create(model="plain", messages=[{"role": "user", "content": "hello"}])
        )
    assert refused.value.body["code"] == "rate_limit_exceeded"
    assert int(refused.value.response.headers["Retry-After"]) >= 1


async def test_each_person_has_a_limit_and_a_key_that_acts_for_a_member_has_the_members(server, acme, limited):
    await limited(runs_per_minute=1)
    _, secret = await acme.run(lambda: create_api_key("second", acme.member))
    _, others = await acme.run(lambda: create_api_key("outsiders", acme.outsider))
    clients = [server.client(acme.host, Authorization=f"Bearer {key}") for key in (acme.api_key, secret, others)]
    assert [(await ask(client)).status_code for client in clients] == [201, 429, 201]


async def test_a_request_that_is_sent_again_is_the_same_run_and_not_counted(server, acme, limited):
    await limited(runs_per_minute=1)
    client = server.signed_in(acme)
    thread_id = (await client.post("/api/threads/", json={})).json()["id"]
    answers = [await ask(client, thread_id, **{"Idempotency-Key": "once"}) for _ in range(2)]
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_of_fifty_that_begin_at_once_as_many_do_as_the_rule_says(acme, limited):
    await limited(runs_per_minute=10)
    actor = await in_database(acme.actor)
    threads = await acme.run(lambda: [Thread.objects.create(created_by=acme.member).pk for _ in range(50)])

    async def begin(thread_id: Any) -> bool:
        try:
            await in_database(begin_turn, actor, thread_id, "plain", "hello")
        except RuleLimit:
            return False
        return True

    began = time.monotonic()
    with tenant_context(acme.ref):
        allowed = sum(await asyncio.gather(*(begin(thread_id) for thread_id in threads)))
    let_through_meanwhile = int((time.monotonic() - began) // 6)  # one each six seconds, on a very slow machine
    assert 10 <= allowed <= 10 + let_through_meanwhile
    assert await acme.run(Run.objects.count) == allowed


async def test_a_run_that_a_budget_refuses_does_not_count(acme, limited):
    await limited(runs_per_minute=1)
    budget = await acme.run(lambda: Budget.objects.create(tokens=100))
    thread = await acme.run(lambda: Thread.objects.create(created_by=acme.member))

    def begin() -> None:
        begin_turn(acme.actor(), thread.pk, "plain", "hello")

    for _ in range(2):
        with pytest.raises(BudgetExhausted):
            await acme.run(begin)
    await acme.run(lambda: budget.delete())
    await acme.run(begin)


async def test_the_tokens_of_a_day_are_counted_as_those_of_a_budget_for_each_person(server, acme, limited):
    rule_id, client = await limited(tokens_per_day=20_000), server.signed_in(acme)
    assert (await ask(client)).status_code == 201

    def spend() -> None:
        with public_context():
            [counter] = BudgetCounter.objects.filter(budget=f"rule:{rule_id}", subject=f"member:{acme.member.pk}")
            assert (counter.tokens_used, counter.tokens_reserved) == (0, 0)  # this model tells no use
            counter.tokens_used = 20_000 - RESERVED + 1
            counter.save()

    await in_database(spend)
    refused = await ask(client)
    said = refused.json()
    assert (refused.status_code, said["code"], said["rule_id"]) == (429, "rule_limit_tokens", rule_id)
    assert 1 <= int(refused.headers["Retry-After"]) <= 24 * 3600
    assert said["resets_at"].endswith("T00:00:00+00:00")
    _, others = await acme.run(lambda: create_api_key("outsiders", acme.outsider))
    assert (await ask(server.client(acme.host, Authorization=f"Bearer {others}"))).status_code == 201


async def test_a_run_that_goes_on_is_no_new_one(server, acme, limited, use_model):
    await limited(runs_per_minute=1)
    use_model(PlayedModel(answers=[wants(("delete", {})), "Done."]))
    client = server.signed_in(acme)
    waiting = (await ask(client)).json()
    decided = {"decisions": [{"call_id": "call_1", "decision": "approve"}]}
    done = await client.post(f"/api/runs/{waiting['id']}/approvals/", json=decided)
    assert done.json()["status"] == "completed"


async def test_a_limit_of_another_assistant_or_of_a_tenant_nearby_is_none_here(server, acme, globex, limited):
    await limited(runs_per_minute=1, assistant_id="other")
    await globex.run(lambda: AccessRule.objects.create(runs_per_minute=1))
    client = server.signed_in(acme)
    assert [(await ask(client)).status_code for _ in range(3)] == [201, 201, 201]


async def test_the_visitors_of_a_site_count_together_at_its_budgets_and_rules(acme, limited):
    await limited(runs_per_minute=2, audience="visitors", site_id="shop", action="*")
    await acme.run(lambda: Budget.objects.create(scope="each_site", tokens=50_000))
    await acme.run(lambda: Budget.objects.create(scope="site", site_id="blog", tokens=50_000))
    visitor = Actor("visitor", acme.ref, site_id="shop")

    def begin() -> None:
        from assistants.permissions import check_may_run
        from assistants.use_cases.begin_turn import store_turn

        decision = check_may_run(visitor, "plain")
        assistant = AIAssistant.get_cls("plain")(actor=visitor)
        with transaction.atomic():
            store_turn(assistant, Thread.objects.create(), visitor, "hello", decision)

    for _ in range(2):
        await acme.run(begin)
    with pytest.raises(RuleLimit):
        await acme.run(begin)

    def counters() -> list[tuple[str, int]]:
        with public_context():
            return list(BudgetCounter.objects.values_list("subject", "tokens_reserved"))

    assert await in_database(counters) == [("site:shop", 2 * RESERVED)]
