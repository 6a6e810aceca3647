"""Another answer to the same question: asked for, chosen from, and kept right whatever happens."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import httpx
import openai
import pytest
from langchain_core.messages import AIMessage

from assistants import AIAssistant, method_tool
from assistants.callers import Caller
from assistants.models import Message, Run, RunLease, Thread
from assistants.runs.keeper import take
from assistants.runs.recovery import recover
from assistants.runs.runner import runner
from assistants.runs.turns import Answer
from assistants.use_cases.record_answer import record_answer
from assistants.use_cases.regenerate import MOST_ANSWERS, begin_another_answer
from assistants.use_cases.runs import cancel_run
from tenants.context import public_context, tenant_context
from tenants.database import in_database
from tenants.keys import create_api_key
from tenants.models import AccessRule
from tests.played_model import PlayedModel, wants
from tests.sse import read_events
from tests.statements import counted
from tests.waiting import until

SSE = {"Accept": "text/event-stream"}


@pytest.fixture
def assistant(registry) -> type[AIAssistant]:
    class Repeating(AIAssistant):
        id = "repeating_assistant"
        name = "Repeating"
        instructions = "Answer."

    return Repeating


def unreachable() -> openai.APIConnectionError:
    return openai.APIConnectionError(message="gone", request=httpx.Request("POST", "http://model.invalid"))


class Chat:
    """A thread, and a model that gives ``answers`` one by one."""

    def __init__(self, client, thread_id: str) -> None:
        self.client = client
        self.thread_id = thread_id
        self.url = f"/api/threads/{thread_id}/"

    async def ask(self, content: str = "Why?") -> str:
        """The id of the run."""
        body = {"assistant_id": "repeating_assistant", "content": content}
        return (await self.client.post(f"{self.url}runs/", json=body)).json()["id"]

    async def again(self, run_id: str, **headers: str) -> httpx.Response:
        return await self.client.post(f"/api/runs/{run_id}/regenerate/", headers=headers)

    async def shown(self) -> list[str]:
        return [message["content"] for message in (await self.messages())]

    async def messages(self) -> list[dict]:
        return (await self.client.get(f"{self.url}messages/")).json()

    async def variants(self, run_id: str) -> list[dict]:
        return (await self.client.get(f"/api/runs/{run_id}/variants/")).json()


@pytest.fixture
def chat_of(server, assistant):
    async def begin(tenant) -> Chat:
        client = server.signed_in(tenant)
        return Chat(client, (await client.post("/api/threads/", json={})).json()["id"])

    return begin


@pytest.fixture
async def chat(acme, chat_of) -> Chat:
    return await chat_of(acme)


# -- asked for again


async def test_another_answer_takes_the_place_of_the_one_before_and_the_question_is_stored_once(chat, use_model, acme):
    model = use_model(PlayedModel(answers=["First.", "Second."]))
    first = await chat.ask()
    answered = await chat.again(first)
    assert answered.status_code == 201
    run = answered.json()
    assert (run["status"], run["replaces"]) == ("completed", first)
    assert await chat.shown() == ["Why?", "Second."]
    [question, answer] = await chat.messages()
    assert run["question_id"] == question["id"]
    assert (answer["run_id"], answer["variant"], answer["variants"]) == (run["id"], 2, 2)
    assert await acme.run(Message.objects.count) == 3
    assert [message.content for message in model.asked[1]] == ["Answer.", "Why?"]  # not its own first answer


async def test_the_question_is_answered_from_what_was_said_before_it(chat, use_model):
    model = use_model(PlayedModel(answers=["One.", "Two.", "Three."]))
    await chat.ask("Who?")
    await chat.again(await chat.ask("Why?"))
    assert [message.content for message in model.asked[-1]] == ["Answer.", "Who?", "One.", "Why?"]


async def test_the_next_question_is_asked_after_the_answer_that_is_shown(chat, use_model):
    model = use_model(PlayedModel(answers=["First.", "Second.", "Third."]))
    await chat.again(await chat.ask())
    await chat.ask("And then?")
    assert [message.content for message in model.asked[-1]] == ["Answer.", "Why?", "Second.", "And then?"]


async def test_it_is_streamed_like_any_run(chat, use_model):
    use_model(PlayedModel(answers=["First.", "Second."]))
    first = await chat.ask()
    response = await chat.again(first, **SSE)
    events = read_events(response.text)
    assert [event.type for event in events] == ["run.started", "message.delta", "run.done"]
    assert events[0].data["replaces"] == first
    [question, answer] = events[-1].data["messages"]
    assert (question["content"], answer["content"]) == ("Why?", "Second.")
    assert [question, answer] == await chat.messages()


@pytest.mark.parametrize(("mode", "status"), [("wait", 201), ("background", 202)])
async def test_it_knows_the_modes_of_a_run(chat, use_model, mode, status):
    use_model(PlayedModel(answers=["First.", "Second."]))
    first = await chat.ask()
    response = await chat.client.post(f"/api/runs/{first}/regenerate/", json={"mode": mode})
    assert response.status_code == status
    follow = await chat.client.get(f"/api/runs/{response.json()['id']}/events/")
    assert read_events(follow.text)[-1].type == "run.done"
    refused = await chat.client.post(f"/api/runs/{first}/regenerate/", json={"mode": "loud"})
    assert refused.status_code == 422


async def test_20_requests_with_one_key_ask_once(chat, slow_model, acme):
    slow_model.hurry()
    first = await chat.ask()
    slow_model.hold(0.05)
    answers = await asyncio.gather(*(chat.again(first, **{"Idempotency-Key": "again"}) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await acme.run(Run.objects.count) == 2


async def test_a_key_of_another_request_is_refused(chat, use_model):
    use_model(PlayedModel(answers=["First.", "Second."]))
    first = await chat.ask()
    second = (await chat.again(first, **{"Idempotency-Key": "again"})).json()["id"]
    refused = await chat.again(second, **{"Idempotency-Key": "again"})
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")


async def all_but_one_done(asking: list[asyncio.Task]) -> bool:
    return sum(task.done() for task in asking) >= len(asking) - 1


async def test_20_requests_at_once_ask_once_and_tell_the_others(chat, slow_model):
    slow_model.hurry()
    first = await chat.ask()
    slow_model.hold()
    asking = [asyncio.create_task(chat.again(first)) for _ in range(20)]
    await until(lambda: all_but_one_done(asking), "all others are refused")
    slow_model.hurry()
    answers = await asyncio.gather(*asking)
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 19]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"run_active"}


async def test_it_takes_few_statements(chat, use_model, acme):
    use_model(PlayedModel(answers=["First.", "Second.", "Third."]))
    run_id = await chat.ask()
    run_id = (await chat.again(run_id)).json()["id"]
    with counted() as statements:
        await chat.again(run_id)
    writes = [statement for statement in statements if not statement.startswith(("SELECT", "BEGIN", "COMMIT", "SET"))]
    assert len(writes) == 2, writes


# -- refused


async def test_only_the_last_question_can_be_answered_again(chat, use_model, acme):
    use_model(PlayedModel(answers=["First.", "Second."]))
    first = await chat.ask()
    await chat.ask("And then?")
    refused = await chat.again(first)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_the_last_answer")
    assert await acme.run(Run.objects.count) == 2


async def test_a_run_that_goes_on_is_not_asked_again(chat, slow_model):
    slow_model.hold()
    body = {"assistant_id": "repeating_assistant", "content": "Why?", "mode": "background"}
    run_id = (await chat.client.post(f"{chat.url}runs/", json=body)).json()["id"]
    refused = await chat.again(run_id)
    slow_model.hurry()
    assert (refused.status_code, refused.json()["code"], refused.json()["run_id"]) == (409, "run_active", run_id)


async def test_a_run_that_waits_for_a_decision_is_not_asked_again(chat, use_model, assistant, monkeypatch):
    @method_tool(requires_approval=True)
    def pay(self) -> str:
        """Pay."""
        return "paid"

    monkeypatch.setattr(assistant, "pay", pay, raising=False)
    use_model(PlayedModel(answers=[wants(("pay", {}))]))
    run_id = await chat.ask()
    refused = await chat.again(run_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "run_waiting")


async def test_who_may_no_longer_use_the_assistant_gets_no_other_answer(chat, use_model, acme):
    use_model(PlayedModel(answers=["First."]))
    run_id = await chat.ask()
    await acme.run(AccessRule.objects.filter(action="assistant.*").delete)
    refused = await chat.again(run_id)
    assert (refused.status_code, refused.json()["code"]) == (403, "assistant_not_allowed")


async def test_a_thread_that_went_to_another_assistant_gets_no_other_answer_of_this_one(chat, use_model):
    use_model(PlayedModel(answers=["First."]))
    run_id = await chat.ask()
    await chat.client.patch(chat.url, json={"assistant_id": "docs_assistant"})
    refused = await chat.again(run_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "thread_has_other_assistant")


async def test_a_deleted_question_is_not_answered_again_and_its_hidden_answers_are_gone(chat, use_model, acme):
    use_model(PlayedModel(answers=["First.", "Second."]))
    run_id = await chat.ask()
    await chat.again(run_id)
    question = (await chat.messages())[0]["id"]
    assert (await chat.client.delete(f"{chat.url}messages/{question}/")).status_code == 204
    refused = await chat.again(run_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "question_deleted")
    assert await acme.run(lambda: [row.content for row in Message.objects.all()]) == ["Second."]


async def test_a_conversation_that_its_client_keeps_is_not_answered_again_here(chat, use_model, acme):
    use_model(PlayedModel(answers=["First."]))
    run_id = await chat.ask()
    await acme.run(lambda: Thread.objects.update(source=Thread.Source.COMPLETION))
    refused = await chat.again(run_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "conversation_elsewhere")


async def test_a_question_has_a_bounded_number_of_answers(chat, use_model, acme):
    use_model(PlayedModel(answers=["First."]))
    run_id = await chat.ask()

    def many() -> None:
        run = Run.objects.get()
        Run.objects.bulk_create(
            Run(thread=run.thread, question=run.question, assistant_id=run.assistant_id, status="failed")
            for _ in range(MOST_ANSWERS - 1)
        )

    await acme.run(many)
    refused = await chat.again(run_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_answers")


async def test_foreign_answers_look_like_none(chat, use_model, server, acme, globex):
    use_model(PlayedModel(answers=["First."]))
    run_id = await chat.ask()
    _, secret = await acme.run(lambda: create_api_key("the outsider's", acme.outsider))
    outsider = server.client(acme.host, Authorization=f"Bearer {secret}")
    for client, known in ((outsider, run_id), (server.signed_in(globex), run_id), (chat.client, str(uuid4()))):
        for method, path in (("POST", "regenerate"), ("POST", "show"), ("GET", "variants")):
            refused = await client.request(method, f"/api/runs/{known}/{path}/")
            assert (refused.status_code, refused.json()["code"]) == (404, "run_not_found")
    assert (await outsider.get(f"{chat.url}runs/")).json()["code"] == "thread_not_found"
    assert (await server.signed_in(globex).get(f"{chat.url}runs/")).json()["code"] == "thread_not_found"


async def test_nobody_who_is_not_signed_in_gets_an_answer(chat, use_model, server, acme):
    use_model(PlayedModel(answers=["First."]))
    run_id = await chat.ask()
    for method, path in (("POST", "regenerate"), ("POST", "show"), ("GET", "variants")):
        assert (await server.client(acme.host).request(method, f"/api/runs/{run_id}/{path}/")).status_code == 401


# -- when it fails


async def test_a_failed_question_is_asked_again_without_storing_it_twice(chat, use_model, acme):
    use_model(PlayedModel(answers=[unreachable()]))
    failed = await chat.ask()
    assert await chat.shown() == ["Why?"]
    use_model(PlayedModel(answers=["Because."]))
    assert (await chat.again(failed)).json()["status"] == "completed"
    [_, answer] = await chat.messages()
    assert (answer["content"], answer["variant"], answer["variants"]) == ("Because.", 1, 1)
    assert await acme.run(Message.objects.count) == 2


async def test_a_whole_answer_stays_when_another_one_fails(chat, use_model):
    use_model(PlayedModel(answers=["First.", unreachable()]))
    first = await chat.ask()
    assert (await chat.again(first)).json()["status"] == "failed"
    [_, answer] = await chat.messages()
    assert (answer["content"], answer["run_id"], answer["variants"]) == ("First.", first, 1)


async def test_a_whole_answer_stays_when_another_one_is_cut_short_and_the_piece_is_kept(chat, use_model, acme):
    use_model(PlayedModel(answers=["First."]))
    first = await chat.ask()
    second = await cut_short(chat, acme, first)
    [_, answer] = await chat.messages()
    assert (answer["content"], answer["variant"], answer["variants"]) == ("First.", 1, 2)
    listed = await chat.variants(second)
    assert [(each["status"], each["shown"]) for each in listed] == [("completed", True), ("failed", False)]
    assert listed[1]["messages"][0]["content"] == "Half of"


async def test_a_piece_takes_the_place_of_a_piece(chat, use_model, acme):
    use_model(PlayedModel(answers=["First."]))
    first = await chat.ask()
    await acme.run(lambda: Run.objects.update(status="failed"))
    await cut_short(chat, acme, first)
    [_, answer] = await chat.messages()
    assert (answer["content"], answer["partial"], answer["variant"], answer["variants"]) == ("Half of", True, 2, 2)


async def cut_short(chat: Chat, acme, run_id: str) -> str:
    """Another answer that breaks off in its middle."""

    def work() -> str:
        turn = begin_another_answer(Caller.of(acme.actor()), run_id)
        said = AIMessage(content="Half of", additional_kwargs={"partial": True})
        record_answer(turn, Answer(messages=[said], error_code="model_failed"), [], 0)
        return str(turn.run_id)

    return await acme.run(work)


async def test_a_whole_answer_comes_back_when_another_one_waited_and_was_cancelled(chat, use_model, acme):
    use_model(PlayedModel(answers=["First."]))
    first = await chat.ask()

    def wait() -> str:
        turn = begin_another_answer(Caller.of(acme.actor()), first)
        call = {"id": "1", "name": "pay", "args": {}}
        record_answer(turn, Answer(messages=[AIMessage(content="May I?", tool_calls=[call])], waiting=[call]), [], 0)
        return str(turn.run_id)

    waiting = await acme.run(wait)
    assert await chat.shown() == ["Why?", "May I?"]
    await acme.run(lambda: cancel_run(acme.actor(), waiting))
    assert await chat.shown() == ["Why?", "First."]


async def test_another_answer_of_a_dead_process_is_taken_up_again(chat, use_model, acme):
    model = use_model(PlayedModel(answers=["One.", "Two.", "Three."]))
    await chat.ask("Who?")
    first = await chat.ask()

    def begin() -> str:
        turn = begin_another_answer(Caller.of(acme.actor()), first)
        with public_context():
            RunLease.objects.update(owner=UUID(int=1), heartbeat_at="2020-01-01T00:00:00Z")
        return str(turn.run_id)

    second = await acme.run(begin)
    for found in await in_database(take):
        await recover(found)
    with tenant_context(acme.ref):
        active = runner.active(second)
    assert active is not None
    await active.last()
    [*_, answer] = await chat.messages()
    assert (answer["content"], answer["run_id"], answer["variant"], answer["variants"]) == ("Three.", second, 2, 2)
    assert [message.content for message in model.asked[-1]] == ["Answer.", "Who?", "One.", "Why?"]


# -- chosen from


async def test_an_older_answer_is_shown_again_and_goes_back_to_the_model(chat, use_model):
    model = use_model(PlayedModel(answers=["First.", "Second.", "Third."]))
    first = await chat.ask()
    second = (await chat.again(first)).json()["id"]
    shown = await chat.client.post(f"/api/runs/{first}/show/")
    assert shown.status_code == 200
    assert [(each["id"], each["shown"]) for each in shown.json()] == [(first, True), (second, False)]
    [_, answer] = await chat.messages()
    assert (answer["content"], answer["variant"], answer["variants"]) == ("First.", 1, 2)
    await chat.ask("And then?")
    assert [message.content for message in model.asked[-1]] == ["Answer.", "Why?", "First.", "And then?"]
    await chat.client.post(f"/api/runs/{second}/show/")  # also after the conversation has gone on
    assert await chat.shown() == ["Why?", "Second.", "And then?", "Third."]


async def test_the_answers_of_a_question_are_listed_with_what_they_said(chat, use_model):
    use_model(PlayedModel(answers=["First.", "Second.", unreachable()]))
    first = await chat.ask()
    second = (await chat.again(first)).json()["id"]
    third = (await chat.again(second)).json()["id"]
    for run_id in (first, second, third):
        listed = await chat.variants(run_id)
        assert [each["id"] for each in listed] == [first, second, third]
        assert [[message["content"] for message in each["messages"]] for each in listed] == [
            ["First."],
            ["Second."],
            [],
        ]
        assert [each["shown"] for each in listed] == [False, True, False]
        assert [each["error_code"] for each in listed] == ["", "", "model_failed"]


async def test_a_run_that_said_nothing_cannot_be_shown(chat, use_model):
    use_model(PlayedModel(answers=["First.", unreachable()]))
    failed = (await chat.again(await chat.ask())).json()["id"]
    refused = await chat.client.post(f"/api/runs/{failed}/show/")
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_show")
    assert await chat.shown() == ["Why?", "First."]


async def test_nothing_else_is_shown_while_an_answer_is_being_written(chat, slow_model):
    slow_model.hurry()
    first = await chat.ask()
    slow_model.hold()
    running = await chat.client.post(f"/api/runs/{first}/regenerate/", json={"mode": "background"})
    refused = await chat.client.post(f"/api/runs/{first}/show/")
    slow_model.hurry()
    assert (refused.status_code, refused.json()["code"]) == (409, "run_active")
    assert refused.json()["run_id"] == running.json()["id"]


async def test_the_answers_are_numbered_anew_when_one_is_deleted(chat, use_model, acme):
    use_model(PlayedModel(answers=["First.", "Second.", "Third."]))
    first = await chat.ask()
    await chat.again(first)
    await chat.again(first)
    hidden = (await chat.variants(first))[0]["messages"][0]["id"]
    assert (await chat.client.delete(f"{chat.url}messages/{hidden}/")).status_code == 204
    [_, answer] = await chat.messages()
    assert (answer["content"], answer["variant"], answer["variants"]) == ("Third.", 2, 2)


async def test_an_answer_with_tools_is_shown_and_hidden_as_a_whole(chat, use_model, assistant, acme, monkeypatch):
    @method_tool
    def look(self) -> str:
        """Look."""
        return "something"

    monkeypatch.setattr(assistant, "look", look, raising=False)
    model = use_model(PlayedModel(answers=[wants(("look", {})), "First.", wants(("look", {})), "Second.", "Third."]))
    first = await chat.ask()
    await chat.again(first)
    await chat.ask("And then?")
    assert [message.type for message in model.asked[-1]] == ["system", "human", "ai", "tool", "ai", "human"]
    superseded = await acme.run(lambda: Message.objects.filter(run_id=first, superseded=True).count())
    assert superseded == 3


# -- a page that is opened again


async def test_the_runs_of_a_thread_are_listed_newest_first_in_pages(chat, use_model):
    use_model(PlayedModel(answers=["One.", "Two.", "Three."]))
    made = [await chat.ask(question) for question in ("a", "b", "c")]
    whole = (await chat.client.get(f"{chat.url}runs/")).json()
    assert [run["id"] for run in whole] == made[::-1]
    page = await chat.client.get(f"{chat.url}runs/?limit=2")
    rest = await chat.client.get(f"{chat.url}runs/?{page.links['next']['url'].partition('?')[2]}")
    assert [run["id"] for run in page.json() + rest.json()] == made[::-1]
    assert "next" not in rest.links
    assert (await chat.client.get(f"{chat.url}runs/?after={uuid4()}")).json()["code"] == "unknown_cursor"


async def test_a_page_that_is_opened_again_finds_the_run_to_rejoin(chat, slow_model):
    slow_model.hold()
    body = {"assistant_id": "repeating_assistant", "content": "Why?", "mode": "background"}
    started = (await chat.client.post(f"{chat.url}runs/", json=body)).json()
    [run] = (await chat.client.get(f"{chat.url}runs/?limit=1")).json()
    assert (run["id"], run["status"]) == (started["id"], "running")
    slow_model.hurry()
    events = read_events((await chat.client.get(f"/api/runs/{run['id']}/events/")).text)
    assert events[-1].type == "run.done"
