"""What people say of an answer: kept with it, shown to those who look after the assistant."""

from __future__ import annotations

from uuid import uuid4

import pytest

from assistants.models import Message
from assistants.use_cases.feedback import LONGEST_FEEDBACK
from tenants.keys import create_api_key
from tests.played_model import PlayedModel


class Conversation:
    """A question and its answer."""

    def __init__(self, client, thread_id: str, question: str, answer: str) -> None:
        self.client = client
        self.thread_id = thread_id
        self.question = question
        self.answer = answer

    def url(self, message_id: str = "") -> str:
        return f"/api/threads/{self.thread_id}/messages/{message_id or self.answer}/feedback/"

    async def listed(self) -> list[dict]:
        return (await self.client.get(f"/api/threads/{self.thread_id}/messages/")).json()


@pytest.fixture
async def conversation(server, acme, use_model) -> Conversation:
    use_model(PlayedModel(answers=["Because."]))
    client = server.signed_in(acme)
    thread_id = (await client.post("/api/threads/", json={})).json()["id"]
    body = {"assistant_id": "docs_assistant", "content": "Why?"}
    question, answer = (await client.post(f"/api/threads/{thread_id}/messages/", json=body)).json()
    return Conversation(client, thread_id, question["id"], answer["id"])


async def test_an_answer_keeps_what_is_said_of_it(conversation):
    given = {"thumb": "down", "text": " It is wrong. "}
    response = await conversation.client.put(conversation.url(), json=given)
    assert response.status_code == 200
    assert response.json()["feedback"] == {"thumb": "down", "text": "It is wrong."}
    [question, answer] = await conversation.listed()
    assert answer == response.json()
    assert question["feedback"] is None


async def test_the_last_word_counts(conversation):
    await conversation.client.put(conversation.url(), json={"thumb": "down", "text": "It is wrong."})
    await conversation.client.put(conversation.url(), json={"thumb": "up"})
    assert (await conversation.listed())[1]["feedback"] == {"thumb": "up", "text": ""}


async def test_it_can_be_taken_back_and_taken_back_again(conversation, acme):
    await conversation.client.put(conversation.url(), json={"thumb": "up"})
    for _ in range(2):
        assert (await conversation.client.delete(conversation.url())).status_code == 204
    assert (await conversation.listed())[1]["feedback"] is None
    assert await acme.run(lambda: Message.objects.get(pk=conversation.answer).feedback_at) is None


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_only_answers_have_feedback(conversation, method):
    refused = await conversation.client.request(method, conversation.url(conversation.question), json={"thumb": "up"})
    assert (refused.status_code, refused.json()["code"]) == (422, "not_an_answer")


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({}, 422),
        ({"thumb": "sideways"}, 422),
        ({"thumb": 1}, 422),
        ({"thumb": "up", "text": "a\x00b"}, 422),
        ({"thumb": "up", "text": None}, 422),
        ({"thumb": "up", "text": "x" * (LONGEST_FEEDBACK + 1)}, 413),
        ({"thumb": "up", "text": "x" * LONGEST_FEEDBACK}, 200),
    ],
)
async def test_it_takes_what_can_be_kept(conversation, given, status):
    assert (await conversation.client.put(conversation.url(), json=given)).status_code == status
    assert ((await conversation.listed())[1]["feedback"] is None) == (status != 200)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_a_foreign_answer_looks_like_none(conversation, server, acme, globex, method):
    _, secret = await acme.run(lambda: create_api_key("the outsider's", acme.outsider))
    outsider = server.client(acme.host, Authorization=f"Bearer {secret}")
    for client in (outsider, server.signed_in(globex)):
        refused = await client.request(method, conversation.url(), json={"thumb": "up"})
        assert (refused.status_code, refused.json()["code"]) == (404, "thread_not_found")
    unknown = await conversation.client.request(method, conversation.url(str(uuid4())), json={"thumb": "up"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "message_not_found")
    nobody = await server.client(acme.host).request(method, conversation.url(), json={"thumb": "up"})
    assert nobody.status_code == 401
    assert (await conversation.listed())[1]["feedback"] is None
