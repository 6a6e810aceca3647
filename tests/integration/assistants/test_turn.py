"""A question, its streamed answer, and what is stored of both."""

from __future__ import annotations

import pytest

from assistants.models import Message, Run, RunEvent
from tenants.keys import create_api_key
from tests.documents import add_ready_document
from tests.sse import read_events

REFUNDS = "# Refund policy\n\nA customer may return any anvil within 90 days. Refunds are paid in gold coins.\n"
QUESTION = "Within how many days may a customer return an anvil?"


@pytest.fixture
def refunds(acme) -> None:
    add_ready_document(acme, REFUNDS, source="refunds.md")


async def new_thread(client) -> str:
    response = await client.post("/api/threads/", json={})
    assert response.status_code == 201
    return response.json()["id"]


async def ask(client, thread_id: str, content: str = QUESTION, **headers: str):
    body = {"assistant_id": "docs_assistant", "content": content}
    return await client.post(f"/api/threads/{thread_id}/messages/", json=body, headers=headers)


async def test_it_answers_from_the_tenants_document_with_the_passage(server, acme, refunds):
    client = server.signed_in(acme)
    response = await ask(client, await new_thread(client))
    assert response.status_code == 201
    question, answer = response.json()
    assert (question["type"], question["content"]) == ("human", QUESTION)
    assert "90 days" in answer["content"]
    assert "offline model" in answer["content"].lower()
    assert [citation["title"] for citation in answer["citations"]] == ["Refund policy"]
    assert "90 days" in answer["citations"][0]["quote"]


async def test_it_opens_the_cited_passage(server, acme, refunds):
    client = server.signed_in(acme)
    response = await ask(client, await new_thread(client))
    citation = response.json()[1]["citations"][0]
    passage = (await client.get(f"/api/passages/{citation['chunk_id']}/")).json()
    assert passage["title"] == "Refund policy"
    assert "90 days" in passage["text"]


async def test_it_finds_nothing_of_one_tenant_at_another(server, acme, globex, refunds):
    client = server.signed_in(globex)
    response = await ask(client, await new_thread(client))
    answer = response.json()[1]
    assert answer["citations"] == []
    assert "90 days" not in answer["content"]


async def test_it_streams_typed_events_with_ids(server, acme, refunds):
    client = server.signed_in(acme)
    thread_id = await new_thread(client)
    response = await ask(client, thread_id, Accept="text/event-stream")
    assert response.headers["content-type"] == "text/event-stream"
    events = read_events(response.text)
    assert [event.id for event in events] == [str(number) for number in range(1, len(events) + 1)]
    kinds = [event.type for event in events]
    assert kinds[0] == "run.started"
    assert kinds[-2:] == ["citations", "run.done"]
    assert set(kinds[1:-2]) == {"message.delta"}
    said = "".join(event.data["text"] for event in events if event.type == "message.delta")
    assert said == events[-1].data["messages"][1]["content"]


async def test_it_keeps_the_conversation_the_run_and_its_events(server, acme, refunds):
    client = server.signed_in(acme)
    thread_id = await new_thread(client)
    response = await ask(client, thread_id, Accept="text/event-stream")
    events = read_events(response.text)
    listed = (await client.get(f"/api/threads/{thread_id}/messages/")).json()
    assert listed == events[-1].data["messages"]
    run = await acme.run(Run.objects.get)
    kept = await acme.run(lambda: [(event.type, event.payload) for event in RunEvent.objects.filter(run=run)])
    assert run.status == Run.Status.COMPLETED
    assert run.rule_id is not None
    assert run.tokens_out > 0
    assert [kind for kind, _ in kept] == [event.type for event in events]
    assert kept[-1][1] == events[-1].data


async def test_it_names_a_thread_after_its_first_question(server, acme):
    client = server.signed_in(acme)
    thread_id = await new_thread(client)
    await ask(client, thread_id)
    await ask(client, thread_id, "And what else?")
    assert (await client.get(f"/api/threads/{thread_id}/")).json()["name"] == QUESTION


async def test_it_finishes_the_answer_when_the_client_goes_away(server, acme, refunds, slow_model):
    client = server.signed_in(acme)
    thread_id = await new_thread(client)
    body = {"assistant_id": "docs_assistant", "content": QUESTION}
    headers = {"Accept": "text/event-stream"}
    async with client.stream("POST", f"/api/threads/{thread_id}/messages/", json=body, headers=headers) as response:
        await anext(response.aiter_text())
    await slow_model.finished()
    listed = (await client.get(f"/api/threads/{thread_id}/messages/")).json()
    assert [message["type"] for message in listed] == ["human", "ai"]


async def test_it_keeps_the_question_when_the_model_fails(server, acme, failing_model):
    client = server.signed_in(acme)
    thread_id = await new_thread(client)
    response = await ask(client, thread_id)
    assert response.status_code == 502
    problem = response.json()
    assert problem["code"] == "model_failed"
    assert "secret" not in response.text
    run = await acme.run(Run.objects.get)
    assert await acme.run(lambda: [row.content for row in Message.objects.all()]) == [QUESTION]
    assert (run.status, run.error_code, str(run.pk)) == ("failed", "model_failed", problem["run_id"])
    assert (await ask(client, thread_id)).status_code == 502  # the thread is not blocked


async def test_it_keeps_what_was_said_before_a_stream_was_cut(server, acme, cut_model):
    client = server.signed_in(acme)
    thread_id = await new_thread(client)
    events = read_events((await ask(client, thread_id, Accept="text/event-stream")).text)
    assert events[-1].type == "error"
    listed = (await client.get(f"/api/threads/{thread_id}/messages/")).json()
    assert (listed[1]["content"], listed[1]["partial"]) == ("Half of", True)


async def test_it_refuses_a_second_turn_while_one_runs(server, acme, slow_model):
    slow_model.hold()
    client = server.signed_in(acme)
    thread_id = await new_thread(client)
    body = {"assistant_id": "docs_assistant", "content": QUESTION}
    headers = {"Accept": "text/event-stream"}
    async with client.stream("POST", f"/api/threads/{thread_id}/messages/", json=body, headers=headers) as response:
        started = read_events(await anext(response.aiter_text()))[0]
        second = await ask(client, thread_id)
    await slow_model.finished()
    assert second.status_code == 409
    assert (second.json()["code"], second.json()["run_id"]) == ("run_active", started.data["run_id"])


async def test_it_lets_only_the_owner_see_a_thread(server, acme, refunds):
    thread_id = await new_thread(server.signed_in(acme))
    _, secret = await acme.run(lambda: create_api_key("theirs", acme.outsider))
    outsider = server.client(acme.host, Authorization=f"Bearer {secret}")
    assert (await outsider.get(f"/api/threads/{thread_id}/")).status_code == 404
    assert (await ask(outsider, thread_id)).json()["code"] == "thread_not_found"
    assert (await outsider.get("/api/threads/")).json() == []
