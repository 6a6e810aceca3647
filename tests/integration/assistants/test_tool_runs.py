"""Tools in a run: what is stored of them, whose data they see, and what they leave behind."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction
from django.db.models import Count
from django.test import override_settings

from assistants import AIAssistant, method_tool
from assistants.exceptions import ModelFailedError
from assistants.models import Message, Run, RunEvent, Thread
from tenants.context import tenant_context
from tenants.database import in_database
from tenants.models import User
from tests.played_model import PlayedModel, wants
from tests.sse import read_events

pytestmark = pytest.mark.usefixtures("registry")


@pytest.fixture
def desk(registry) -> type[AIAssistant]:
    class Desk(AIAssistant):
        id = "desk"
        name = "Desk"
        instructions = "You help."
        tool_max_concurrency = 4

        @method_tool
        def people(self) -> str:
            """Who is here."""
            return ", ".join(User.objects.order_by("username").values_list("email", flat=True))

        @method_tool
        async def people_later(self) -> str:
            """Who is here, asked from the event loop."""
            from tenants.database import in_database

            return await in_database(self.people)

        @method_tool
        def who_asks(self) -> str:
            """Who asks."""
            return f"{self._user.username} {self.get_actor().user_id}"

        @method_tool
        def what_is_on_record(self) -> str:
            """What another process would know of this run if this one died now."""
            return ", ".join(RunEvent.objects.order_by("sequence").values_list("type", flat=True))

        @method_tool
        def break_down(self) -> str:
            """Fail in the middle of a query."""
            with connection.cursor() as cursor:
                cursor.execute("SELECT hunter2 FROM nowhere")
            return ""

        @method_tool
        def say_odd_things(self) -> str:
            """Say what PostgreSQL cannot store."""
            return "a\x00b \ud800"

        @method_tool(requires_approval=True)
        def delete(self, what: str) -> str:
            """Delete something."""
            raise AssertionError("never called")

    return Desk


def ask(tenant, assistant: type[AIAssistant], model: PlayedModel, use_model: Any, question: str = "Go") -> Thread:
    """A turn in a new thread of the member's."""
    use_model(model)
    with tenant_context(tenant.ref):
        thread = Thread.objects.create(created_by=tenant.member)
        assistant(user=tenant.member).run(question, thread_id=thread.pk)
    return thread


def told(model: PlayedModel) -> list[str]:
    """What the tools said to the model."""
    return [message.content for message in model.asked[-1] if message.type == "tool"]


def test_tools_see_the_rows_of_the_one_who_asked(acme, globex, desk, use_model):
    for tenant in (acme, globex):
        with tenant_context(tenant.ref):
            User.objects.create_user("only-here", f"only@{tenant.ref.schema_name}.example")
        model = PlayedModel(answers=[wants(("people", {}), ("people_later", {}), ("who_asks", {})), "Ok"])
        ask(tenant, desk, model, use_model)
        people, later, who = told(model)
        assert f"only@{tenant.ref.schema_name}.example" in people
        assert people.count("only@") == 1
        assert later == people
        assert who == f"member {tenant.member.pk}"


async def test_tools_of_turns_at_the_same_time_see_their_own_tenants_rows(server, acme, globex, desk, use_model):
    """Over HTTP, twenty at once, on the server's threads."""
    for tenant in (acme, globex):
        name = tenant.ref.schema_name
        await tenant.run(lambda name=name: User.objects.create_user("only-here", f"only@{name}.example"))

    class Forgetful(PlayedModel):
        def _next(self, messages):
            return "Ok" if messages[-1].type == "tool" else wants(("people", {}), ("people", {}))

    use_model(Forgetful(answers=[]))

    async def turn(tenant) -> None:
        client = server.signed_in(tenant)
        thread = (await client.post("/api/threads/", json={})).json()
        body = {"assistant_id": "desk", "content": "Who is here?"}
        assert (await client.post(f"/api/threads/{thread['id']}/messages/", json=body)).status_code == 201

    await asyncio.gather(*(turn(tenant) for tenant in (acme, globex) for _ in range(10)))
    for tenant in (acme, globex):
        answers = await tenant.run(lambda: list(Message.objects.filter(message__type="tool").values_list("message")))
        assert len(answers) == 20
        for (message,) in answers:
            assert f"only@{tenant.ref.schema_name}.example" in message["data"]["content"]
            assert message["data"]["content"].count("only@") == 1


async def test_a_mistake_in_a_view_or_a_tool_reads_no_neighbours_table(server, acme, globex, registry, use_model):
    """The second wall, over HTTP: a project's own code asks for globex's rows by their full name, in a request of
    acme's and in the tools of a run that streams."""
    said: dict[str, str] = {}

    def read_globex(where: str) -> str:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT username FROM globex.tenants_user")
                said[where] = f"read {cursor.fetchall()}"
        except ProgrammingError as error:
            said[where] = str(error).partition("\n")[0]
        return said[where]

    class Curious(AIAssistant):
        id = "curious"
        name = "Curious"
        instructions = "You look."

        @method_tool
        def look(self) -> str:
            """Look, on a thread of the graph's."""
            return read_globex("a tool")

        @method_tool
        async def look_later(self) -> str:
            """Look, from the event loop."""
            return await in_database(read_globex, "an async tool")

    def may_view(thread, user, request=None) -> bool:
        read_globex("a view")
        return True

    use_model(PlayedModel(answers=[wants(("look", {}), ("look_later", {})), "Ok"]))
    client = server.signed_in(acme)
    thread = (await client.post("/api/threads/", json={})).json()
    with override_settings(AI_ASSISTANT_CAN_VIEW_THREAD_FN=may_view):
        assert (await client.get(f"/api/threads/{thread['id']}/")).status_code == 200
    answer = await client.post(
        f"/api/threads/{thread['id']}/messages/",
        json={"assistant_id": "curious", "content": "What is there?"},
        headers={"Accept": "text/event-stream"},
    )
    assert read_events(answer.text)[-1].type == "run.done", answer.text
    assert said == dict.fromkeys(("a view", "a tool", "an async tool"), "permission denied for schema globex")


def test_a_hundred_turns_leave_the_pool_as_it_was(acme, desk, use_model):
    calls = wants(("people", {}), ("break_down", {}), ("people_later", {}))
    for _ in range(100):
        ask(acme, desk, PlayedModel(answers=[calls, "Ok"]), use_model)
    connection.close()
    pool = connection.pool.get_stats()
    assert pool["pool_available"] == pool["pool_size"]  # nobody has kept one
    assert pool.get("requests_errors", 0) == 0


def test_a_tool_is_called_only_when_its_start_is_on_record(acme, desk, use_model):
    """A process that dies in the call leaves word of it, so that no other one calls it again."""
    model = PlayedModel(answers=[wants(("what_is_on_record", {})), "Ok"])
    ask(acme, desk, model, use_model)
    assert told(model) == ["run.started, tool.started"]


async def test_a_failed_step_is_recorded_and_the_turn_goes_on(server, acme, desk, use_model):
    model = use_model(PlayedModel(answers=[wants(("break_down", {}), ("no_such_tool", {"x": 1})), "It did not work."]))
    client = server.signed_in(acme)
    thread = (await client.post("/api/threads/", json={})).json()
    body = {"assistant_id": "desk", "content": "Go"}
    url = f"/api/threads/{thread['id']}/messages/"
    events = read_events((await client.post(url, json=body, headers={"Accept": "text/event-stream"})).text)
    assert events[-1].type == "run.done"
    steps = [event.data for event in events if event.type == "tool.finished"]
    assert {step["call_id"]: (step["name"], step["status"], step["error_type"]) for step in steps} == {
        "call_1": ("break_down", "failed", "ProgrammingError"),
        "call_2": ("no_such_tool", "failed", "UnknownTool"),
    }
    assert told(model)[0] == "ProgrammingError: the tool failed."
    kept = await acme.run(
        lambda: list(RunEvent.objects.filter(type="tool.finished").values_list("payload__status", flat=True))
    )
    assert kept == ["failed", "failed"]


def test_a_run_that_calls_tools_without_end_is_ended_and_says_so(acme, desk, use_model, settings):
    from assistants.exceptions import ToolRoundsExceededError

    settings.AI_ASSISTANT_MAX_TOOL_ROUNDS = 2
    with pytest.raises(ToolRoundsExceededError):
        ask(acme, desk, PlayedModel(answers=[wants(("people", {}))]), use_model)
    with tenant_context(acme.ref):
        run = Run.objects.get()
        assert (run.status, run.error_code) == ("failed", "tool_rounds_exceeded")
        assert [row.type for row in Message.objects.all()] == ["human", "ai", "tool", "ai", "tool"]
        last = RunEvent.objects.last()
        assert last is not None
        assert (last.type, last.payload["code"]) == ("error", "tool_rounds_exceeded")


def test_what_a_tool_says_is_stored_whatever_it_is(acme, desk, use_model):
    thread = ask(acme, desk, PlayedModel(answers=[wants(("say_odd_things", {})), "\x00 odd \ud800"]), use_model)
    with tenant_context(acme.ref):
        messages = thread.get_messages(include_extra_messages=True)
        assert [message.content for message in messages][2:] == ["a\ufffdb \ufffd", "\ufffd odd \ufffd"]
        assert Run.objects.get().status == "completed"


def test_a_failed_turn_leaves_a_thread_that_can_go_on(acme, desk, use_model):
    """No model accepts a call without its answer, so none is left in the history."""
    use_model(PlayedModel(answers=[wants(("people", {})), RuntimeError("down")]))
    with tenant_context(acme.ref):
        thread = Thread.objects.create(created_by=acme.member)
        with pytest.raises(ModelFailedError):
            desk(user=acme.member).run("Who is here?", thread_id=thread.pk)
        model = use_model(PlayedModel(answers=["Ok"]))
        desk(user=acme.member).run("And now?", thread_id=thread.pk)
    [asked] = model.asked
    assert [message.type for message in asked] == ["system", "human", "ai", "tool", "human"]


# -- calls that a person must approve


def test_a_run_that_needs_approval_waits_with_the_pending_call(acme, desk, use_model):
    thread = ask(acme, desk, PlayedModel(answers=[wants(("people", {}), ("delete", {"what": "all"}))]), use_model)
    with tenant_context(acme.ref):
        run = Run.objects.get()
        assert (run.status, run.finished_at) == ("waiting", None)
        question, proposal = thread.get_messages(include_extra_messages=True)
        assert question.content == "Go"
        assert [call["name"] for call in proposal.tool_calls] == ["people", "delete"]
        last = RunEvent.objects.last()
        assert last is not None
        assert last.type == "run.waiting"
        assert [(call["name"], call["args"]) for call in last.payload["tool_calls"]] == [("delete", {"what": "all"})]
        assert not RunEvent.objects.filter(type="tool.started").exists()


async def test_a_thread_with_a_waiting_run_takes_no_other_turn(server, acme, desk, use_model):
    use_model(PlayedModel(answers=[wants(("delete", {"what": "all"}))]))
    client = server.signed_in(acme)
    thread = (await client.post("/api/threads/", json={})).json()
    body = {"assistant_id": "desk", "content": "Delete all"}
    url = f"/api/threads/{thread['id']}/messages/"
    first = await client.post(url, json=body)
    assert (first.status_code, [message["type"] for message in first.json()]) == (201, ["human"])
    second = await client.post(url, json=body)
    assert (second.status_code, second.json()["code"]) == (409, "run_waiting")
    counted = await acme.run(lambda: Run.objects.aggregate(number=Count("pk")))
    assert counted == {"number": 1}
