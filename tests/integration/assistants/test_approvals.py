"""Tool calls that a person must approve: decided on over HTTP and from Python, once, and whatever dies meanwhile."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from langchain_core.messages import AIMessage

from assistants import AIAssistant, BaseModel, Field, method_tool
from assistants.models import IdempotencyKey, Message, Run, RunEvent, RunLease, Thread
from assistants.runs.keeper import take
from assistants.runs.recovery import recover
from assistants.runs.runner import runner
from assistants.use_cases import Decision, acreate_message, adecide_tool_calls, create_message, decide_tool_calls
from assistants.use_cases.approvals import decide
from assistants.use_cases.expire_runs import expire_waiting_runs
from tenants.context import public_context, tenant_context
from tenants.database import in_database
from tenants.models import AccessRule
from tests.factories import TenantFixture
from tests.played_model import PlayedModel, wants
from tests.sse import SentEvent, read_events

pytestmark = pytest.mark.usefixtures("registry")

SSE = {"Accept": "text/event-stream"}
APPROVE, REFUSE = {"decision": "approve"}, {"decision": "refuse"}


class Booking(BaseModel):
    room: str = Field(min_length=2)
    day: date


@dataclass
class Office:
    """What the tools of the office did, and the model that calls them."""

    use: Any
    done: list[str] = field(default_factory=list)
    model: PlayedModel | None = None

    def plays(self, *answers: Any) -> PlayedModel:
        self.model = self.use(PlayedModel(answers=list(answers)))
        return self.model


@pytest.fixture
def office(registry, use_model) -> Office:
    office = Office(use_model)

    class OfficeAssistant(AIAssistant):
        id = "office"
        name = "Office"
        instructions = "You help."
        max_tool_rounds = 3

        @method_tool
        def look(self) -> str:
            """Look around."""
            office.done.append("look")
            return "three rooms"

        @method_tool(requires_approval=True)
        def delete(self, what: str) -> str:
            """Delete something."""
            office.done.append(f"delete {what}")
            return f"{what} is gone"

        @method_tool(requires_approval=True, idempotent=True, args_schema=Booking)
        def book(self, room: str, day: date) -> str:
            """Book a room."""
            office.done.append(f"book {room} on {day:%A}")
            return "booked"

    return office


@dataclass
class Waiting:
    """A run that waits, and a client of the one who asked."""

    client: Any
    thread_id: str
    run_id: str
    events: list[SentEvent]

    async def decide(self, *decisions: dict[str, Any], headers: Any = None, **more: Any) -> Any:
        """Post decisions; those without a ``call_id`` are on call_1, call_2 ... in their order."""
        listed = [{"call_id": f"call_{number}", **each} for number, each in enumerate(decisions, 1)]
        body = {"decisions": listed, **more}
        return await self.client.post(f"/api/runs/{self.run_id}/approvals/", json=body, headers=headers)

    async def stream(self, *decisions: dict[str, Any]) -> list[SentEvent]:
        response = await self.decide(*decisions, mode="stream")
        assert response.status_code == 200, response.text
        return read_events(response.text)

    async def run(self) -> dict[str, Any]:
        return (await self.client.get(f"/api/runs/{self.run_id}/")).json()

    async def said(self) -> list[str]:
        return [each["content"] for each in (await self.client.get(f"/api/threads/{self.thread_id}/messages/")).json()]

    async def follow(self, after: int) -> str:
        headers = {"Last-Event-ID": str(after)}
        return (await self.client.get(f"/api/runs/{self.run_id}/events/", headers=headers)).text


@pytest.fixture
def ask(server, acme):
    """``await ask("Delete all")``: the member asks the office, whose run then waits."""

    async def ask(content: str = "Go", client: Any = None) -> Waiting:
        client = client or server.signed_in(acme)
        thread_id = (await client.post("/api/threads/", json={})).json()["id"]
        body = {"assistant_id": "office", "content": content}
        sent = await client.post(f"/api/threads/{thread_id}/messages/", json=body, headers=SSE)
        events = read_events(sent.text)
        assert events[-1].type == "run.waiting", events[-1]
        return Waiting(client, thread_id, events[0].data["run_id"], events)

    return ask


@pytest.fixture
def delete_all(office) -> PlayedModel:
    return office.plays(wants(("delete", {"what": "all"})), "Done.")


def kinds(events: list[SentEvent]) -> list[str]:
    return [event.type for event in events]


def told(model: PlayedModel) -> list[tuple[str, str]]:
    """What the tools said to the model the last time it was asked: status and text."""
    return [(message.status, message.content) for message in model.asked[-1] if message.type == "tool"]


# -- deciding


async def test_an_approved_call_is_made_and_the_answer_comes(ask, office, delete_all):
    waiting = await ask()
    assert office.done == []
    done = await waiting.decide(APPROVE)
    assert (done.status_code, done.json()["status"], done.json()["tool_calls"]) == (200, "completed", [])
    assert office.done == ["delete all"]
    assert await waiting.said() == ["Go", "Done."]
    assert [message.type for message in delete_all.asked[-1]] == ["system", "human", "ai", "tool"]


async def test_what_was_called_in_a_thread_is_listed_with_how_each_call_ended(ask, office, server, globex):
    calls = ("look", {}), ("delete", {"what": "all"}), ("delete", {"what": "half"})
    office.plays(wants(*calls), wants(("delete", {"what": "more"})), "Done.")
    waiting = await ask()

    async def listed(client: Any = waiting.client) -> Any:
        return await client.get(f"/api/threads/{waiting.thread_id}/tool-calls/")

    assert [(each["args"], each["status"]) for each in (await listed()).json()] == [(args, "open") for _, args in calls]
    decided = [{**APPROVE, "call_id": "call_2"}, {**REFUSE, "call_id": "call_3"}]
    await waiting.decide(*decided)
    found = (await listed()).json()
    assert [each["status"] for each in found] == ["completed", "completed", "refused", "open"]
    assert {each["run_id"] for each in found} == {waiting.run_id}
    assert [each["name"] for each in found] == ["look", "delete", "delete", "delete"]
    assert (await listed(server.signed_in(globex))).status_code == 404


async def test_the_stream_goes_on_where_it_stopped(ask, delete_all):
    waiting = await ask()
    events = await waiting.stream(APPROVE)
    assert kinds(events) == ["run.resumed", "tool.started", "tool.finished", "message.delta", "run.done"]
    assert [int(event.id) for event in events] == list(range(len(waiting.events) + 1, len(waiting.events) + 6))
    assert events[0].data["decisions"] == [
        {"call_id": "call_1", "decision": "approve", "reason": "", "args": None},
    ]
    assert [each["content"] for each in events[-1].data["messages"]] == ["Go", "Done."]


async def test_a_client_that_accepts_events_gets_them(ask, delete_all):
    waiting = await ask()
    response = await waiting.decide(APPROVE, headers=SSE)
    assert read_events(response.text)[-1].type == "run.done"


async def test_a_client_that_leaves_the_run_in_the_background_waits_for_nothing(ask, delete_all):
    waiting = await ask()
    response = await waiting.decide(APPROVE, mode="background")
    assert (response.status_code, response.json()["id"]) == (202, waiting.run_id)
    assert read_events(await waiting.follow(0))[-1].type == "run.done"


async def test_the_model_is_told_that_a_person_refused_and_why(ask, office, delete_all):
    waiting = await ask()
    events = await waiting.stream({**REFUSE, "reason": "Not on a Friday."})
    assert kinds(events) == ["run.resumed", "message.delta", "run.done"]
    assert office.done == []
    [(status, text)] = told(delete_all)
    assert status == "error"
    assert "person refused" in text
    assert "Not on a Friday." in text


async def test_an_edited_call_is_made_with_the_persons_arguments(ask, office, acme, delete_all):
    waiting = await ask()
    assert (await waiting.decide({"decision": "edit", "args": {"what": "drafts"}})).status_code == 200
    assert office.done == ["delete drafts"]
    proposal = next(message for message in delete_all.asked[-1] if isinstance(message, AIMessage))
    assert proposal.tool_calls[0]["args"] == {"what": "drafts"}  # the model reads what was done
    stored = await acme.run(lambda: Message.objects.get(message__type="ai", message__data__content=""))
    assert stored.message["data"]["tool_calls"][0]["args"] == {"what": "drafts"}


async def test_calls_of_one_message_are_decided_one_by_one_and_the_rest_runs_as_usual(ask, office):
    calls = (("delete", {"what": "a"}), ("look", {}), ("delete", {"what": "b"}), ("delete", {"what": "c"}))
    model = office.plays(wants(*calls), "Done.")
    waiting = await ask()
    decisions = [
        {"call_id": "call_4", "decision": "edit", "args": {"what": "d"}},
        {"call_id": "call_1", **REFUSE},
        {"call_id": "call_3", **APPROVE},
    ]
    assert (await waiting.decide(*decisions)).status_code == 200
    assert sorted(office.done) == ["delete b", "delete d", "look"]
    assert [text for _, text in told(model)][1:] == ["three rooms", "b is gone", "d is gone"]


async def test_a_second_proposal_in_the_same_run_waits_again(ask, office, acme):
    # The calls have the same id: the decision on the first must not count for the second.
    first, second = wants(("delete", {"what": "a"})), wants(("delete", {"what": "b"}))
    first.content, second.content = "First a.", "Then b."
    office.plays(first, second, "Done.")
    waiting = await ask()
    events = await waiting.stream(APPROVE)
    assert events[-1].type == "run.waiting"
    assert [each["content"] for each in events[-1].data["messages"]] == ["Go", "First a.", "Then b."]
    assert office.done == ["delete a"]
    assert (await waiting.run())["tool_calls"][0]["args"] == {"what": "b"}
    events = await waiting.stream({**REFUSE, "reason": "b stays"})
    assert [each["content"] for each in events[-1].data["messages"]] == ["Go", "First a.", "Then b.", "Done."]
    assert office.done == ["delete a"]
    assert await waiting.said() == ["Go", "First a.", "Then b.", "Done."]  # nothing is stored twice
    assert await acme.run(Message.objects.count) == 6


async def test_a_pause_does_not_lift_the_cap_on_rounds(ask, office):
    office.plays(wants(("delete", {"what": "more"})))
    waiting = await ask()
    for _ in range(2):
        assert (await waiting.decide(APPROVE)).json()["status"] == "waiting"
    last = (await waiting.decide(APPROVE)).json()
    assert last["status"] == "waiting"
    assert (await waiting.decide(APPROVE)).json()["error_code"] == "tool_rounds_exceeded"
    assert office.done == ["delete more"] * 3


async def test_tokens_of_before_and_after_the_pause_are_added(ask, office):
    proposal = wants(("delete", {"what": "all"}))
    office.plays(proposal, "Done.")
    use = {"input_tokens": 100, "output_tokens": 7, "total_tokens": 107}
    answer = AIMessage(content="Done.", usage_metadata=use)
    office.use(Metered(answers=[proposal, answer], use=use))
    waiting = await ask()
    before = await waiting.run()
    assert (before["tokens_in"], before["tokens_out"], before["finished_at"]) == (100, 7, None)
    after = (await waiting.decide(APPROVE)).json()
    assert (after["tokens_in"], after["tokens_out"]) == (200, 14)
    assert after["finished_at"] is not None


class Metered(PlayedModel):
    """Tells its token use with the last piece."""

    use: dict[str, int]

    async def _astream(self, messages, *args: Any, **kwargs: Any):
        from langchain_core.messages import AIMessageChunk
        from langchain_core.outputs import ChatGenerationChunk

        async for chunk in super()._astream(messages, *args, **kwargs):
            yield chunk
        yield ChatGenerationChunk(message=AIMessageChunk(content="", usage_metadata=self.use))


async def test_a_model_that_fails_after_an_approval_loses_nothing_of_what_was_done(ask, office, acme):
    office.plays(wants(("delete", {"what": "all"})), RuntimeError("gone"), "Sorry.")
    waiting = await ask()
    events = await waiting.stream(APPROVE)
    assert events[-1].type == "error"
    assert (await waiting.run())["status"] == "failed"
    stored = await acme.run(lambda: [row.type for row in Message.objects.order_by("created_at")])
    assert stored == ["human", "ai", "tool"]  # the next turn's model reads that it was deleted


# -- what is kept


async def test_a_client_that_comes_back_sees_what_waits(ask, delete_all):
    waiting = await ask()
    shown = await waiting.run()
    assert (shown["status"], shown["finished_at"]) == ("waiting", None)
    assert shown["tool_calls"] == [{"id": "call_1", "name": "delete", "args": {"what": "all"}}]


async def test_the_run_keeps_who_decided_what_and_when(ask, acme, delete_all):
    waiting = await ask()
    await waiting.decide({"decision": "edit", "args": {"what": "drafts"}})
    [kept] = (await acme.run(lambda: Run.objects.get().decisions)).values()
    assert (kept["decision"], kept["args"], kept["proposed"]) == ("edit", {"what": "drafts"}, {"what": "all"})
    assert kept["by"]["user_id"] == acme.member.pk
    assert kept["at"] > "2020"


async def test_a_thread_that_waits_names_the_run_that_is_in_the_way(ask, delete_all):
    waiting = await ask()
    body = {"assistant_id": "office", "content": "And now?"}
    refused = await waiting.client.post(f"/api/threads/{waiting.thread_id}/messages/", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "run_waiting")
    assert refused.json()["run_id"] == waiting.run_id


async def test_the_next_question_after_an_approval_knows_what_was_done(ask, delete_all):
    waiting = await ask()
    await waiting.decide(APPROVE)
    body = {"assistant_id": "office", "content": "And now?"}
    assert (await waiting.client.post(f"/api/threads/{waiting.thread_id}/messages/", json=body)).status_code == 201
    assert [message.type for message in delete_all.asked[-1]] == ["system", "human", "ai", "tool", "ai", "human"]


async def test_another_answer_to_a_question_waits_and_goes_on_as_well(ask, office):
    office.plays(wants(("delete", {"what": "a"})), "Done.", wants(("delete", {"what": "b"})), "Done again.")
    waiting = await ask()
    await waiting.decide(APPROVE)
    again = (await waiting.client.post(f"/api/runs/{waiting.run_id}/regenerate/")).json()
    assert again["status"] == "waiting"
    [listed, _] = (await waiting.client.get(f"/api/threads/{waiting.thread_id}/runs/")).json()
    assert listed["tool_calls"] == [{"id": "call_1", "name": "delete", "args": {"what": "b"}}]
    other = Waiting(waiting.client, waiting.thread_id, again["id"], [])
    assert (await other.decide(APPROVE)).json()["status"] == "completed"
    assert office.done == ["delete a", "delete b"]
    assert await waiting.said() == ["Go", "Done again."]
    shown = (await waiting.client.get(f"/api/threads/{waiting.thread_id}/messages/")).json()[-1]
    assert (shown["variant"], shown["variants"]) == (2, 2)


# -- what is refused


@pytest.mark.parametrize(
    ("decisions", "code"),
    [
        ([], "decision_missing"),
        ([APPROVE], "decision_missing"),
        ([APPROVE, {"call_id": "call_9", **APPROVE}], "unknown_call"),
        ([APPROVE, APPROVE, APPROVE], "unknown_call"),  # call_3 needs no approval
        ([APPROVE, {"call_id": "call_1", **APPROVE}], "decided_twice"),
        ([APPROVE, {**APPROVE, "reason": "Nice"}], "invalid_decision"),
        ([APPROVE, {"decision": "edit"}], "invalid_decision"),
        ([APPROVE, {**APPROVE, "args": {"what": "b"}}], "invalid_decision"),
        ([APPROVE, {**REFUSE, "args": {"what": "b"}}], "invalid_decision"),
        ([APPROVE, {"decision": "perhaps"}], "invalid_input"),
        ([APPROVE, {**REFUSE, "reason": "\x00"}], "invalid_input"),
        ([APPROVE, {**REFUSE, "reason": "x" * 2001}], "too_large"),
        ([APPROVE, {"decision": "edit", "args": {}}], "invalid_arguments"),
        ([APPROVE, {"decision": "edit", "args": {"room": "x", "day": "2026-01-01"}}], "invalid_arguments"),
        ([APPROVE, {"decision": "edit", "args": {"room": "A1", "day": "never"}}], "invalid_arguments"),
        ([APPROVE, {"decision": "edit", "args": {"room": "A1", "day": "2026-01-01", "by": 1}}], "invalid_arguments"),
        ([APPROVE, {"decision": "edit", "args": {"room": "A1\x00", "day": "2026-01-01"}}], "invalid_arguments"),
    ],
)
async def test_decisions_that_do_not_fit_change_nothing(ask, office, acme, decisions, code):
    booking = {"room": "A1", "day": "2026-01-01"}
    office.plays(wants(("delete", {"what": "a"}), ("book", booking), ("look", {})), "Done.")
    waiting = await ask()
    refused = await waiting.decide(*decisions)
    assert refused.status_code in (413, 422)
    assert refused.json()["code"] == code
    assert refused.json()["errors"][0]["message"]
    run = await acme.run(Run.objects.get)
    assert (run.status, run.decisions) == ("waiting", {})
    assert (await waiting.decide(APPROVE, APPROVE)).json()["status"] == "completed"
    assert sorted(office.done) == ["book A1 on Thursday", "delete a", "look"]


async def test_arguments_nested_beyond_reason_are_refused(ask, delete_all):
    waiting = await ask()
    for depth in (200, 100_000):
        nested = '{"what": ' * depth + "1" + "}" * depth
        body = f'{{"decisions": [{{"call_id": "call_1", "decision": "edit", "args": {nested}}}]}}'
        sent = await waiting.client.post(
            f"/api/runs/{waiting.run_id}/approvals/", content=body, headers={"Content-Type": "application/json"}
        )
        assert sent.status_code in (400, 422), sent.text
    assert (await waiting.run())["status"] == "waiting"


async def test_a_run_that_does_not_wait_takes_no_decision(ask, office, delete_all):
    waiting = await ask()
    await waiting.decide(APPROVE)
    again = await waiting.decide(APPROVE)
    assert (again.status_code, again.json()["code"]) == (409, "run_not_waiting")
    assert office.done == ["delete all"]


async def test_a_cancelled_run_takes_no_decision(ask, office, delete_all):
    waiting = await ask()
    assert (await waiting.client.post(f"/api/runs/{waiting.run_id}/cancel/")).json()["status"] == "cancelled"
    assert (await waiting.decide(APPROVE)).json()["code"] == "run_not_waiting"
    assert office.done == []


async def test_nobody_else_can_decide(ask, office, server, acme, globex, delete_all):
    waiting = await ask()
    from tenants.keys import create_api_key

    _, key = await acme.run(lambda: create_api_key("another's", acme.owner))
    outsiders = {
        "the owner of the same tenant": server.client(acme.host, Authorization=f"Bearer {key}"),
        "another tenant's member": server.signed_in(globex),
    }
    for client in outsiders.values():
        refused = await Waiting(client, waiting.thread_id, waiting.run_id, []).decide(APPROVE)
        assert (refused.status_code, refused.json()["code"]) == (404, "run_not_found")
    unknown = await Waiting(waiting.client, waiting.thread_id, str(uuid4()), []).decide(APPROVE)
    assert unknown.json()["code"] == "run_not_found"
    nobody = await Waiting(server.client(acme.host), waiting.thread_id, waiting.run_id, []).decide(APPROVE)
    assert nobody.status_code == 401
    assert office.done == []


async def test_someone_whose_access_was_withdrawn_since_cannot_decide(ask, office, acme, delete_all):
    waiting = await ask()
    await acme.run(lambda: AccessRule.objects.create(effect="deny", assistant_id="office"))
    refused = await waiting.decide(APPROVE)
    assert (refused.status_code, refused.json()["code"]) == (403, "assistant_not_allowed")
    assert office.done == []


async def test_a_run_whose_proposal_was_deleted_does_not_go_on(ask, office, acme, delete_all):
    waiting = await ask()
    await acme.run(lambda: Message.objects.filter(message__type="ai").delete())
    assert (await waiting.decide(APPROVE)).json()["code"] == "proposal_deleted"
    assert (await waiting.client.post(f"/api/runs/{waiting.run_id}/cancel/")).json()["status"] == "cancelled"


async def test_a_server_that_stops_lets_no_run_go_on(ask, acme, monkeypatch, delete_all):
    waiting = await ask()
    monkeypatch.setattr(runner, "_draining", True)
    assert (await waiting.decide(APPROVE)).json()["code"] == "server_stopping"
    assert (await acme.run(Run.objects.get)).status == "waiting"


async def test_a_tool_that_needs_approval_by_now_is_asked_for_and_not_called(ask, office, registry, delete_all):
    office.plays(wants(("delete", {"what": "all"}), ("look", {})), "Done.")
    waiting = await ask()
    office_class = registry.pop("office")

    class Stricter(office_class):  # the next release of the assistant
        id = "office"
        name = "Office"

        @method_tool(requires_approval=True)
        def look(self) -> str:
            """Look around."""
            office.done.append("look")
            return "three rooms"

    assert [call["id"] for call in (await waiting.decide(APPROVE)).json()["tool_calls"]] == ["call_2"]
    assert office.done == []
    assert (await waiting.decide({"call_id": "call_2", **APPROVE})).json()["status"] == "completed"
    assert sorted(office.done) == ["delete all", "look"]


# -- once


async def test_of_many_who_decide_at_once_one_wins(ask, office, delete_all):
    waiting = await ask()
    answers = await asyncio.gather(*(waiting.decide(each) for each in [APPROVE, REFUSE] * 8))
    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 15]
    assert len(office.done) <= 1


async def test_the_same_key_gives_the_same_run_and_the_same_stream(ask, office, acme, delete_all):
    waiting = await ask()
    headers = {**SSE, "Idempotency-Key": "abc"}
    answers = await asyncio.gather(*(waiting.decide(APPROVE, headers=headers) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert office.done == ["delete all"]
    later = await waiting.decide(APPROVE, headers={"Idempotency-Key": "abc"})
    assert (later.status_code, later.json()["status"]) == (200, "completed")
    assert await acme.run(IdempotencyKey.objects.count) == 1


async def test_the_same_key_with_other_decisions_is_refused(ask, office, delete_all):
    waiting = await ask()
    headers = {"Idempotency-Key": "abc"}
    await waiting.decide(APPROVE, headers=headers)
    refused = await waiting.decide(REFUSE, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")


# -- followed across the pause


async def test_a_stream_joined_at_any_point_is_the_whole_one_to_the_byte(ask, office):
    office.plays(wants(("delete", {"what": "a"})), wants(("delete", {"what": "b"})), "Done.\nAll of it.")
    waiting = await ask()
    await waiting.decide(APPROVE)
    await waiting.decide(APPROVE)
    whole = await waiting.follow(0)
    events = read_events(whole)
    assert [int(event.id) for event in events] == list(range(1, len(events) + 1))
    assert kinds(events).count("run.waiting") == 2
    assert events[-1].type == "run.done"
    frames = whole.split("\n\n")
    for event in events[:-1]:
        assert await waiting.follow(int(event.id)) == "\n\n".join(frames[int(event.id) :])


async def test_a_stream_of_a_run_that_waits_ends_there(ask, delete_all):
    waiting = await ask()
    assert kinds(read_events(await waiting.follow(0)))[-1] == "run.waiting"
    assert kinds(read_events(await waiting.follow(len(waiting.events) - 1))) == ["run.waiting"]


async def test_whoever_follows_from_the_pause_hears_the_rest(ask, delete_all):
    waiting = await ask()
    following = asyncio.create_task(waiting.follow(len(waiting.events)))
    answered = await waiting.stream(APPROVE)
    assert read_events(await following) == answered


async def test_whoever_follows_from_another_process_hears_the_rest_in_order(ask, delete_all, monkeypatch):
    waiting = await ask()
    from assistants.runs import following

    elsewhere = type("Elsewhere", (), {"active": lambda self, run_id: None})()
    monkeypatch.setattr(following, "runner", elsewhere)  # as another process sees it: the log only
    from_log = asyncio.create_task(waiting.follow(len(waiting.events)))
    answered = await waiting.stream(APPROVE)
    assert read_events(await from_log) == answered


# -- durable


async def decided(acme, waiting: Waiting, events: list[tuple[str, dict[str, Any]]], *decisions: Decision) -> None:
    """Decisions that a process has stored, which then died, with some events in the log."""

    def make() -> None:
        found = decide(acme.actor(), waiting.run_id, decisions or [Decision("call_1", "approve")], user=acme.member)
        for sequence, (kind, payload) in enumerate(events, start=found.after + 1):
            RunEvent.objects.create(run_id=waiting.run_id, sequence=sequence, type=kind, payload=payload)
        with public_context():
            RunLease.objects.update(owner=UUID(int=1), heartbeat_at="2020-01-01T00:00:00Z")

    await acme.run(make)


async def take_over(tenant: TenantFixture, run_id: str) -> None:
    for found in await in_database(take):
        await recover(found)
    with tenant_context(tenant.ref):
        active = runner.active(UUID(run_id))
    if active is not None:
        await active.last()


async def test_a_process_that_dies_after_an_approval_goes_on_from_there(ask, office, acme, delete_all):
    waiting = await ask()
    await decided(acme, waiting, [])
    await take_over(acme, waiting.run_id)
    assert office.done == ["delete all"]
    assert await waiting.said() == ["Go", "Done."]
    rest = read_events(await waiting.follow(len(waiting.events)))
    assert kinds(rest)[0] == "run.resumed"  # the process that died could not say so
    assert rest[-1].type == "run.done"
    assert len(delete_all.asked) == 2  # the question was not asked again


async def test_a_refusal_holds_when_the_process_dies(ask, office, acme, delete_all):
    waiting = await ask()
    await decided(acme, waiting, [("run.resumed", {})], Decision("call_1", "refuse", "No."))
    await take_over(acme, waiting.run_id)
    assert office.done == []
    assert "run.restarted" in kinds(read_events(await waiting.follow(0)))
    assert await waiting.said() == ["Go", "Done."]


async def test_a_process_that_dies_in_an_approved_tool_ends_the_run_with_what_it_had(ask, office, acme):
    proposal = wants(("delete", {"what": "all"}))
    proposal.content = "I delete all."
    office.plays(proposal, "Done.")
    waiting = await ask()
    started = ("tool.started", {"call_id": "call_1", "name": "delete", "args": {"what": "all"}})
    await decided(acme, waiting, [("run.resumed", {}), started])
    await take_over(acme, waiting.run_id)
    run = await waiting.run()
    assert (run["status"], run["error_code"]) == ("failed", "interrupted_in_tool")
    assert office.done == []
    assert await waiting.said() == ["Go", "I delete all."]  # once: it is stored since the run waited


async def test_a_tool_that_ran_before_the_pause_does_not_keep_a_run_from_going_on(ask, office, acme):
    office.plays(wants(("look", {})), wants(("book", {"room": "A1", "day": "2026-01-01"})), "Done.")
    waiting = await ask()
    started = ("tool.started", {"call_id": "call_1", "name": "book", "args": {}})
    await decided(acme, waiting, [("run.resumed", {}), started])  # may be called again: it is idempotent
    await take_over(acme, waiting.run_id)
    assert (await waiting.run())["status"] == "completed"
    assert office.done == ["look", "book A1 on Thursday"]


# -- from Python


def ask_in_python(acme, content: str = "Go") -> dict[str, Any]:
    thread = Thread.objects.create(created_by=acme.member)
    return create_message("office", thread, acme.member, content)


def test_python_code_decides_and_gets_the_answer(acme, office, delete_all):
    with tenant_context(acme.ref):
        result = ask_in_python(acme)
        assert (result["output"], [call["name"] for call in result["waiting"]]) == (None, ["delete"])
        result = decide_tool_calls(result["run_id"], [Decision("call_1", "approve")], acme.member)
        assert (result["input"], result["output"]) == ("Go", "Done.")
        assert "waiting" not in result
        assert [message.type for message in result["messages"]] == ["ai", "tool", "ai"]
        assert Run.objects.get().status == "completed"
        assert Message.objects.count() == 4
    assert office.done == ["delete all"]


async def test_asynchronous_code_does_so_too(acme, office, delete_all):
    with tenant_context(acme.ref):
        thread = await in_database(lambda: Thread.objects.create(created_by=acme.member))
        result = await acreate_message("office", thread, acme.member, "Go")
        refusal = [Decision("call_1", "refuse", reason="No.")]
        result = await adecide_tool_calls(result["run_id"], refusal, acme.member)
    assert result["output"] == "Done."
    assert office.done == []


def test_python_code_of_another_user_finds_no_run(acme, office, delete_all):
    from assistants.use_cases.runs import RunNotFound

    with tenant_context(acme.ref):
        result = ask_in_python(acme)
        for user in (acme.owner, None):
            with pytest.raises(RunNotFound):
                decide_tool_calls(result["run_id"], [Decision("call_1", "approve")], user)
    assert office.done == []


# -- nobody comes


async def test_a_run_that_nobody_decides_on_expires_and_its_thread_is_free(ask, office, acme, settings):
    office.plays(wants(("delete", {"what": "all"})), "Hello.")
    waiting = await ask()

    def age(days: float) -> None:
        RunEvent.objects.update(created_at=timezone.now() - timedelta(days=days))

    await acme.run(lambda: age(6.9))
    assert await acme.run(expire_waiting_runs) == 0
    await acme.run(lambda: age(7.1))
    settings.ATRIUM_RUN_WAIT_DAYS = 0
    assert await acme.run(expire_waiting_runs) == 0
    settings.ATRIUM_RUN_WAIT_DAYS = 7
    assert await acme.run(expire_waiting_runs) == 1
    assert await acme.run(expire_waiting_runs) == 0
    run = await waiting.run()
    assert (run["status"], run["error_code"], run["tool_calls"]) == ("failed", "approval_expired", [])
    assert "within 7 days" in run["error_detail"]
    assert read_events(await waiting.follow(0))[-1].data["code"] == "approval_expired"
    late = await waiting.decide(APPROVE)
    assert (late.status_code, late.json()["code"]) == (409, "run_not_waiting")
    assert office.done == []
    body = {"assistant_id": "office", "content": "Hello"}
    again = await waiting.client.post(f"/api/threads/{waiting.thread_id}/runs/", json={**body, "mode": "wait"})
    assert again.json()["status"] == "completed"
