"""Budgets and plans of runs: what is refused, what is counted, and once, whatever happens."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from assistants import AIAssistant, method_tool
from assistants.models import Message, Run, RunEvent, RunLease, Thread
from assistants.runs import keeper
from assistants.runs.keeper import take
from assistants.runs.recovery import recover
from assistants.runs.runner import runner
from tenants.context import public_context, tenant_context
from tenants.database import in_database
from tenants.models import Budget, BudgetCounter, BudgetReservation, ModelPrice, Plan, PlatformBudget, Tenant
from tests.integration.assistants.conftest import ScriptedModel
from tests.played_model import PlayedModel, wants
from tests.subprocesses import ROOT, clean_environment
from tests.waiting import PATIENCE, until

RESERVED = 10_001  # tokens that "hello" sets aside: 8,000 of the past, 1 of its own, 2,000 for the answer
USED = 120


class CountingModel(ScriptedModel):
    """Tells what it has used: 100 tokens in and 20 out, for each answer."""

    model: str = "counting"

    async def _astream(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        used: Any = {"input_tokens": 100, "output_tokens": 20, "total_tokens": USED}
        yield ChatGenerationChunk(
            message=AIMessageChunk(content="", usage_metadata=used, response_metadata={"model_name": self.model})
        )
        async for chunk in super()._astream(messages, *args, **kwargs):
            yield chunk


@pytest.fixture
def model(use_model) -> CountingModel:
    return use_model(CountingModel(pieces=["Hello", "."]))


@pytest.fixture
def assistant(registry) -> None:
    class Plain(AIAssistant):
        id = "plain"
        name = "Plain"
        instructions = "Answer."

    class Careful(AIAssistant):
        id = "careful"
        name = "Careful"
        instructions = "Answer."

        @method_tool(requires_approval=True)
        def delete(self) -> str:
            """Delete something."""
            return "gone"


class Talk:
    """A client that asks the plain assistant, each time in a new thread."""

    def __init__(self, client: Any) -> None:
        self.client = client

    async def thread(self) -> str:
        return (await self.client.post("/api/threads/", json={})).json()["id"]

    async def ask(self, thread_id: str = "", assistant: str = "plain", mode: str = "wait", **headers: str) -> Any:
        thread_id = thread_id or await self.thread()
        body = {"assistant_id": assistant, "content": "hello", "mode": mode}
        return await self.client.post(f"/api/threads/{thread_id}/runs/", json=body, headers=headers)


@pytest.fixture
def talk(server, acme, assistant, model) -> Talk:
    return Talk(server.signed_in(acme))


async def budget(acme, **terms: Any) -> None:
    await acme.run(lambda: Budget.objects.create(**terms))


async def for_operators(work: Any) -> Any:
    def run() -> Any:
        with public_context():
            return work()

    return await in_database(run)


async def counters() -> dict[str, tuple[int, int]]:
    """What is used and what is set aside, by the budget's kind."""
    rows = await for_operators(lambda: list(BudgetCounter.objects.all()))
    return {row.budget.partition(":")[0]: (row.tokens_used, row.tokens_reserved) for row in rows}


async def reservations() -> int:
    return await for_operators(BudgetReservation.objects.count)


# -- counting


async def test_where_no_budget_is_set_nothing_is_counted(talk):
    assert (await talk.ask()).status_code == 201
    assert await counters() == {}
    assert await reservations() == 0


async def test_a_run_counts_at_every_budget_above_it(talk, acme, globex):
    await budget(acme, scope="tenant", tokens=50_000, period="day")
    await budget(acme, scope="each_member", tokens=40_000)
    await budget(acme, scope="assistant", assistant_id="other", tokens=40_000)
    await for_operators(lambda: PlatformBudget.objects.create(tokens=10**6, parts=4))
    await for_operators(lambda: Plan.objects.update(tokens_a_month=10**6))
    await for_operators(lambda: Plan.objects.get().save())  # as the console does: it tells all processes
    assert (await talk.ask()).status_code == 201
    assert await counters() == dict.fromkeys(("own", "platform", "plan"), (USED, 0))
    assert len(await for_operators(lambda: list(BudgetCounter.objects.all()))) == 4
    assert await reservations() == 0


async def test_a_run_that_fails_is_counted_with_what_it_used(talk, acme, use_model):
    await budget(acme, tokens=50_000)
    use_model(CountingModel(pieces=["Half"], error=RuntimeError("cut")))
    assert (await talk.ask()).json()["status"] == "failed"
    used = await acme.run(lambda: sum(run.tokens_in + run.tokens_out for run in Run.objects.all()))
    assert await counters() == {"own": (used, 0)}


async def test_a_run_that_is_stopped_is_settled(talk, acme, use_model):
    await budget(acme, tokens=50_000)
    use_model(CountingModel(pieces=["word "] * 100, pause=0.1))
    run_id = (await talk.ask(mode="background")).json()["id"]
    assert (await counters())["own"] == (0, RESERVED)
    await talk.client.post(f"/api/runs/{run_id}/cancel/")
    await talk.client.get(f"/api/runs/{run_id}/events/")
    used = await acme.run(lambda: sum(run.tokens_in + run.tokens_out for run in Run.objects.all()))
    assert await counters() == {"own": (used, 0)}


async def test_an_answer_that_is_stopped_before_its_provider_has_told_its_tokens_counts_by_an_estimate(
    talk, acme, waiting_model
):
    """Else whoever stops each answer just before its end would use no budget at all."""
    await budget(acme, tokens=50_000)
    run_id = (await talk.ask(mode="background")).json()["id"]
    said = RunEvent.objects.filter(type="message.delta")
    await until(lambda: acme.run(said.exists), "the model has begun to speak")
    await talk.client.post(f"/api/runs/{run_id}/cancel/")
    await talk.client.get(f"/api/runs/{run_id}/events/")
    used, reserved = (await counters())["own"]
    assert (0 < used < RESERVED, reserved) == (True, 0)
    run = await acme.run(Run.objects.get)
    assert (run.status, run.tokens_in, run.tokens_out, run.cost) == ("cancelled", 0, 0, None)  # what was told


async def test_a_prompt_that_was_sent_counts_though_its_answer_was_stopped_before_the_first_word(talk, acme, use_model):
    await budget(acme, tokens=50_000)
    model = use_model(HeldModel(pieces=["Hello."], gate=asyncio.Event(), asked=asyncio.Event()))
    run_id = (await talk.ask(mode="background")).json()["id"]
    await asyncio.wait_for(model.asked.wait(), 10)
    await talk.client.post(f"/api/runs/{run_id}/cancel/")
    await talk.client.get(f"/api/runs/{run_id}/events/")
    used, reserved = (await counters())["own"]
    assert (0 < used < RESERVED, reserved) == (True, 0)
    run = await acme.run(Run.objects.get)
    assert (run.status, run.tokens_in, run.tokens_out, run.cost) == ("cancelled", 0, 0, None)


async def test_another_answer_counts_as_the_first_one_did(talk, acme):
    await budget(acme, tokens=50_000)
    run = (await talk.ask()).json()
    again = await talk.client.post(f"/api/runs/{run['id']}/regenerate/", json={})
    assert again.status_code < 300, again.text
    assert await counters() == {"own": (2 * USED, 0)}


async def test_money_is_counted_by_the_operators_prices(talk, acme, settings, use_model):
    settings.ATRIUM_CHAT_MODEL = "dear-model"
    use_model(CountingModel(pieces=["Hello."], model="dear-model"))
    await for_operators(lambda: ModelPrice.objects.create(model="dear-*", tokens_in=100, tokens_out=200))
    await budget(acme, cost=Decimal("2.00"))
    assert (await talk.ask()).status_code == 201  # 8,001 x 100 + 2,000 x 200 dollars for a million are set aside
    used = Decimal(100 * 100 + 20 * 200) / 10**6
    assert await acme.run(lambda: Run.objects.get().cost) == used
    row = await for_operators(BudgetCounter.objects.get)
    assert (row.cost_used, row.cost_reserved) == (used, 0)
    await for_operators(lambda: BudgetCounter.objects.update(cost_used=1))
    refused = await talk.ask()
    assert (refused.status_code, refused.json()["code"]) == (429, "budget_exhausted")


# -- refusing


async def test_what_does_not_fit_is_refused_before_anything_is_stored(talk, acme):
    await budget(acme, tokens=20_000, period="day")
    answers = await asyncio.gather(*(talk.ask() for _ in range(6)))
    codes = sorted(response.status_code for response in answers)
    assert codes.count(201) >= 1
    for response in (each for each in answers if each.status_code != 201):
        assert (response.status_code, response.json()["code"]) == (429, "budget_exhausted")
        assert int(response.headers["Retry-After"]) == response.json()["retry_after"] > 0
        assert response.json()["resets_at"].endswith("T00:00:00+00:00")
        assert response.json()["level"] == "tenant"
    stored = await acme.run(lambda: (Message.objects.filter(message__type="human").count(), Run.objects.count()))
    assert stored == (codes.count(201), codes.count(201))
    assert await counters() == {"own": (codes.count(201) * USED, 0)}
    assert await acme.run(lambda: _leases()) == 0


def _leases() -> int:
    with public_context():
        return RunLease.objects.count()


async def test_runs_at_the_same_moment_get_no_more_than_there_is(talk, acme, use_model):
    await budget(acme, tokens=25_000)
    use_model(CountingModel(pieces=["word "] * 10, pause=0.1))
    codes = [response.status_code for response in await asyncio.gather(*(talk.ask() for _ in range(8)))]
    assert sorted(codes) == [201, 201, *[429] * 6]


async def test_one_member_without_a_budget_left_leaves_the_others_theirs(talk, server, acme):
    await budget(acme, scope="each_member", tokens=20_000)
    await acme.run(lambda: Budget.objects.create(scope="member", member=acme.owner, tokens=20_000))
    for _ in range(2):
        assert (await talk.ask()).status_code == 201
    await for_operators(lambda: BudgetCounter.objects.update(tokens_used=19_999))
    refused = await talk.ask()
    assert (refused.status_code, refused.json()["level"]) == (429, "each_member")


async def test_the_same_key_gets_its_run_also_when_nothing_is_left(talk, acme, use_model):
    await budget(acme, tokens=20_000)
    use_model(CountingModel(pieces=["word "] * 5, pause=0.1))
    thread_id = await talk.thread()
    asked = [talk.ask(thread_id=thread_id, **{"Idempotency-Key": "k"}) for _ in range(5)]
    answers = await asyncio.gather(*asked)
    assert {response.status_code for response in answers} <= {200, 201}
    assert len({response.json()["id"] for response in answers}) == 1


# -- waiting for a person


async def test_a_run_that_waits_holds_nothing_and_sets_aside_anew_when_it_goes_on(talk, acme, use_model):
    use_model(PlayedModel(answers=[wants(("delete", {})), "Done."]))
    await budget(acme, tokens=20_000)
    waiting = (await talk.ask(assistant="careful")).json()
    assert waiting["status"] == "waiting"
    assert (await counters())["own"][1] == 0
    await for_operators(lambda: BudgetCounter.objects.update(tokens_used=15_000))
    body = {"decisions": [{"call_id": "call_1", "decision": "approve"}]}
    refused = await talk.client.post(f"/api/runs/{waiting['id']}/approvals/", json=body)
    assert (refused.status_code, refused.json()["code"]) == (429, "budget_exhausted")
    assert (await talk.client.get(f"/api/runs/{waiting['id']}/")).json()["status"] == "waiting"
    await for_operators(lambda: BudgetCounter.objects.update(tokens_used=0))
    done = await talk.client.post(f"/api/runs/{waiting['id']}/approvals/", json=body)
    assert (done.status_code, done.json()["status"]) == (200, "completed")
    used = await acme.run(lambda: sum(run.tokens_in + run.tokens_out for run in Run.objects.all()))
    assert await counters() == {"own": (used, 0)}


# -- what dies meanwhile


class HeldModel(CountingModel):
    """Says nothing until it is let."""

    gate: Any = None
    asked: Any = None
    """Set when the prompt has come, where somebody waits for that."""

    async def _astream(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        if self.asked is not None:
            self.asked.set()
        await self.gate.wait()
        async for chunk in super()._astream(messages, *args, **kwargs):
            yield chunk


async def test_a_run_whose_thread_is_deleted_is_counted_and_frees_the_rest(talk, acme, use_model):
    await budget(acme, tokens=50_000)
    gate = use_model(HeldModel(pieces=["Hello."], gate=asyncio.Event())).gate
    await talk.ask(mode="background")
    await acme.run(_delete_threads)
    assert await counters() == {"own": (0, RESERVED)}
    gate.set()
    await runner.drain()
    assert await counters() == {"own": (USED, 0)}


async def test_what_a_dead_process_has_set_aside_is_freed_also_without_its_run(talk, acme, use_model):
    await budget(acme, tokens=50_000)
    gate = use_model(HeldModel(pieces=["Hello."], gate=asyncio.Event())).gate
    await talk.ask(mode="background")
    await acme.run(_delete_threads)
    await _taken_over()
    assert await counters() == {"own": (0, 0)}
    gate.set()
    await runner.drain()
    assert await counters() == {"own": (0, 0)}


def _delete_threads() -> None:
    """When the run's first event is in the log: its row would hinder, while it is being written."""
    _until(None, RunEvent.objects.exists)
    Thread.objects.all().delete()


CHILD = """
import django, sys
django.setup()
from assistants.models import Thread
from assistants.runs import execute
from assistants.use_cases import create_message
from tenants.context import public_context, tenant_context
from tenants.models import Tenant, User

record = execute.record_answer

def when_told(*given):
    print("ready", flush=True)
    sys.stdin.readline()
    return record(*given)

execute.record_answer = when_told

with public_context():
    tenant = Tenant.objects.get(schema_name="acme").as_ref()
with tenant_context(tenant):
    user = User.objects.get(username="member")
    thread = Thread.objects.create(created_by=user)
    create_message("docs_assistant", thread, user, "hello")
"""


@pytest.mark.parametrize("goes_on", [True, False], ids=["the server goes on", "the server gives up"])
async def test_a_kill_in_the_middle_of_settling_neither_loses_nor_doubles(acme, server, database_url, goes_on):
    await budget(acme, tokens=50_000)
    child = await asyncio.to_thread(_start_child, database_url)
    await acme.run(lambda: _kill_in_settlement(child, goes_on=goes_on))
    await _taken_over()
    runs = await acme.run(lambda: [(run.is_active, run.tokens_in + run.tokens_out) for run in Run.objects.all()])
    assert len(runs) == 1
    assert not runs[0][0]
    assert await counters() == {"own": (runs[0][1], 0)}
    assert await reservations() == 0


def _start_child(database_url: str) -> subprocess.Popen[str]:
    variables = {"DATABASE_URL": database_url, "ATRIUM_DEBUG": "1", "DJANGO_SETTINGS_MODULE": "atrium.settings"}
    return subprocess.Popen(
        [sys.executable, "-c", CHILD],
        cwd=ROOT,
        env=clean_environment(**variables),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _kill_in_settlement(child: subprocess.Popen[str], *, goes_on: bool) -> None:
    """Kill the child while its settling statement waits for a counter that is locked here. The server then brings the
    statement to its end (``goes_on``), or is told to give it up."""
    with child, public_context():
        assert child.stdout is not None
        assert child.stdin is not None
        assert child.stdout.readline() == "ready\n"
        with transaction.atomic():
            assert [row.tokens_reserved for row in BudgetCounter.objects.select_for_update()] == [RESERVED]
            child.stdin.write("\n")
            child.stdin.flush()
            _until(child, lambda: bool(_blocked()))
            settling = _blocked()
            child.kill()
            child.wait(PATIENCE)
            if not goes_on:
                _ask("SELECT pg_terminate_backend(pid) FROM unnest(%s) AS pid", settling)
                _until(None, lambda: not _active(settling))
        _until(None, lambda: not _active(settling))


def _blocked() -> list[int]:
    return [
        pid for (pid,) in _ask("SELECT pid FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))")
    ]


def _active(pids: list[int]) -> bool:
    return bool(_ask("SELECT 1 FROM pg_stat_activity WHERE pid = ANY(%s) AND state = 'active'", pids))


def _ask(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # else a transaction sees what it saw first
        cursor.execute(sql, values)
        return cursor.fetchall()


def _until(child: subprocess.Popen[str] | None, condition: Any) -> None:
    for _ in range(3000):
        if condition():
            return
        assert child is None or child.poll() is None, "the child ended too soon"
        time.sleep(0.01)
    raise AssertionError("it never came")


async def _taken_over() -> None:
    def age() -> None:
        with public_context():
            RunLease.objects.update(heartbeat_at=keeper.LONG_AGO, owner=keeper.NOBODY)

    await in_database(age)
    for orphan in await in_database(take):
        await recover(orphan)


# -- plans


async def test_an_assistant_that_the_plan_does_not_have_is_not_shown_and_not_run(talk, acme):
    await for_operators(lambda: _plan(assistant_ids=["docs_assistant"]))
    shown = [each["id"] for each in (await talk.client.get("/api/assistants/")).json()]
    assert shown == ["docs_assistant"]
    refused = await talk.ask()
    assert (refused.status_code, refused.json()["code"]) == (403, "assistant_not_in_plan")


async def test_a_model_that_the_plan_does_not_have_is_not_used(talk, settings):
    settings.ATRIUM_CHAT_MODEL = "dear"
    await for_operators(lambda: _plan(model_names=["cheap"]))
    assert (await talk.ask()).json()["code"] == "model_not_in_plan"
    await for_operators(lambda: _plan(model_names=["cheap", "dear"]))
    assert (await talk.ask()).status_code == 201


async def test_a_tenant_has_the_default_plan_until_it_has_its_own(talk, acme):
    await for_operators(lambda: _plan(model_names=["none"]))
    await for_operators(lambda: _give_plan("acme", Plan.objects.create(name="Large")))
    assert (await talk.ask()).status_code == 201


def _plan(**changes: Any) -> None:
    plan = Plan.objects.get(is_default=True)
    for name, value in changes.items():
        setattr(plan, name, value)
    plan.save()


def _give_plan(schema_name: str, plan: Plan) -> None:
    tenant = Tenant.objects.get(schema_name=schema_name)
    tenant.plan = plan
    tenant.save()


def test_members_and_documents_are_as_many_as_the_plan_holds(acme):
    from rag.use_cases.add_document import add_document
    from rag.use_cases.create_collection import create_collection
    from tenants.budgets.errors import PlanLimit
    from tenants.use_cases.members import add_member, change_member

    with public_context():
        _plan(members=4, documents=1, storage_mb=1)
    owner = acme.actor(acme.owner)
    with tenant_context(acme.ref):
        fourth = add_member(owner, password=None, roles={"Member"}, username="fourth", email="")
        with pytest.raises(PlanLimit) as refused:
            add_member(owner, password=None, roles={"Member"}, username="fifth", email="")
        assert refused.value.code == "plan_limit_members"
        change_member(owner, fourth.pk, roles={"Member"}, is_active=False)
        add_member(owner, password=None, roles={"Member"}, username="fifth", email="")
        with pytest.raises(PlanLimit):
            change_member(owner, fourth.pk, roles={"Member"}, is_active=True)
        collection = create_collection(owner, "Handbook")
        with pytest.raises(PlanLimit) as refused:
            add_document(owner, collection.pk, b"x" * (1024 * 1024 + 1), source="big.txt")
        assert refused.value.code == "plan_limit_storage"
        add_document(owner, collection.pk, "one", source="one.txt")
        add_document(owner, collection.pk, "one, again", source="one.txt")  # a new version is no second document
        with pytest.raises(PlanLimit) as refused:
            add_document(owner, collection.pk, "two", source="two.txt")
        assert refused.value.code == "plan_limit_documents"
