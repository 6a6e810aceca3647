"""A turn costs the database few statements: BEGIN, COMMIT and SET search_path are counted, too."""

from __future__ import annotations

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel

from assistants.assistants import AIAssistant
from tests.sessions import session_of
from tests.statements import counted

MOST = 9


@pytest.fixture
def assistant(registry) -> type[AIAssistant]:
    class Counted(AIAssistant):
        id = "counted_assistant"
        name = "Counted"
        instructions = "Answer."

    return Counted


async def turn(client) -> list[str]:
    thread_id = (await client.post("/api/threads/", json={})).json()["id"]
    body = {"assistant_id": "counted_assistant", "content": "hello"}
    with counted() as statements:
        response = await client.post(f"/api/threads/{thread_id}/messages/", json=body)
    assert response.status_code == 201, response.text
    return statements


@pytest.mark.parametrize("way", ["key", "session"])
async def test_a_turn_in_a_new_thread_takes_few_statements(server, acme, assistant, use_model, way):
    use_model(FakeListChatModel(responses=["Hello."]))
    headers = acme.bearer if way == "key" else await session_of(acme)
    client = server.client(acme.host, **headers)
    # The first request of a process reads what is kept afterwards; and so does one after a notice that it has changed.
    statements = min([await turn(client) for _ in range(3)], key=len)
    assert len(statements) <= MOST, statements
