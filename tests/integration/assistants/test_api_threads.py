"""Assistants and threads over HTTP: shapes, status codes, and what a change leaves alone."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from django.test import override_settings

from assistants.models import Message, Thread
from tenants.keys import create_api_key
from tenants.models import AccessRule
from tests.sessions import session_of


async def new_thread(client, **fields) -> dict:
    response = await client.post("/api/threads/", json=fields)
    assert response.status_code == 201, response.text
    return response.json()


async def outsider_of(server, tenant):
    _, secret = await tenant.run(lambda: create_api_key("theirs", tenant.outsider))
    return server.client(tenant.host, Authorization=f"Bearer {secret}")


DOCUMENTS = {
    "id": "docs_assistant",
    "name": "Documents",
    "description": "Answers questions from your organisation's documents.",
    "starter_questions": [],
}


async def test_it_lists_the_assistants(server, acme):
    response = await server.signed_in(acme).get("/api/assistants/")
    assert DOCUMENTS in response.json()


async def test_it_gives_one_assistant(server, acme):
    response = await server.signed_in(acme).get("/api/assistants/docs_assistant/")
    assert (response.status_code, response.json()) == (200, DOCUMENTS)


async def test_it_tells_an_unknown_assistant_from_a_forbidden_one(server, acme):
    await acme.run(lambda: AccessRule.objects.create(effect="deny", assistant_id="docs_assistant"))
    client = server.signed_in(acme)
    unknown, forbidden = [await client.get(f"/api/assistants/{id}/") for id in ("nobody", "docs_assistant")]
    assert (unknown.status_code, unknown.json()["code"]) == (404, "assistant_not_found")
    assert (forbidden.status_code, forbidden.json()["code"]) == (403, "assistant_not_allowed")


async def test_a_new_thread_comes_back_whole(server, acme):
    thread = await new_thread(server.signed_in(acme), name="  A name ", assistant_id="docs_assistant")
    assert set(thread) == {"id", "name", "assistant_id", "created_at", "updated_at"}
    assert (thread["name"], thread["assistant_id"]) == ("A name", "docs_assistant")
    assert UUID(thread["id"]).version == 7


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"assistant_id": None}, {"assistant_id": ""}])
async def test_a_new_thread_needs_neither_a_name_nor_an_assistant(server, acme, body):
    thread = await new_thread(server.signed_in(acme), **body)
    assert (thread["name"], thread["assistant_id"]) == ("", "")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "x" * 300}, 422, "invalid_input"),
        ({"name": "nul \x00"}, 422, "invalid_input"),
        ({"name": None}, 422, "invalid_input"),
        ({"name": 7}, 422, "invalid_input"),
        ({"assistant_id": "nobody"}, 404, "assistant_not_found"),
    ],
)
async def test_a_thread_that_cannot_be_is_refused_and_nothing_is_changed(server, acme, body, status, code):
    client = server.signed_in(acme)
    thread = await new_thread(client, name="kept")
    for response in (
        await client.post("/api/threads/", json=body),
        await client.patch(f"/api/threads/{thread['id']}/", json=body),
    ):
        assert (response.status_code, response.json()["code"]) == (status, code)
    assert (await client.get("/api/threads/")).json() == [thread]


async def test_a_patch_changes_what_was_sent_and_nothing_else(server, acme):
    client = server.signed_in(acme)
    thread = await new_thread(client, name="before", assistant_id="docs_assistant")
    url = f"/api/threads/{thread['id']}/"
    renamed = (await client.patch(url, json={"name": "after"})).json()
    assert (renamed["name"], renamed["assistant_id"]) == ("after", "docs_assistant")
    assert renamed["updated_at"] > thread["updated_at"]
    unbound = (await client.patch(url, json={"assistant_id": None})).json()
    assert (unbound["name"], unbound["assistant_id"]) == ("after", "")
    bound = (await client.patch(url, json={"assistant_id": "docs_assistant"})).json()
    assert (bound["name"], bound["assistant_id"]) == ("after", "docs_assistant")


async def test_an_empty_patch_changes_nothing(server, acme):
    client = server.signed_in(acme)
    thread = await new_thread(client, name="kept")
    response = await client.patch(f"/api/threads/{thread['id']}/", json={})
    assert (response.status_code, response.json()) == (200, thread)


async def test_a_deleted_thread_is_gone_with_its_messages(server, acme):
    client = server.signed_in(acme)
    thread = await new_thread(client)
    url = f"/api/threads/{thread['id']}/"
    await client.post(f"{url}messages/", json={"assistant_id": "docs_assistant", "content": "hello"})
    response = await client.delete(url)
    assert (response.status_code, response.content) == (204, b"")
    assert (await client.get(url)).status_code == 404
    assert not await acme.run(Message.objects.exists)


async def test_one_message_can_be_deleted(server, acme):
    client = server.signed_in(acme)
    url = f"/api/threads/{(await new_thread(client))['id']}/messages/"
    question, answer = (await client.post(url, json={"assistant_id": "docs_assistant", "content": "hello"})).json()
    assert (await client.delete(f"{url}{question['id']}/")).status_code == 204
    assert (await client.get(url)).json() == [answer]
    again = await client.delete(f"{url}{question['id']}/")
    assert (again.status_code, again.json()["code"]) == (404, "message_not_found")


@pytest.mark.parametrize("message_id", ["1", "-1", "x", "%00", "a%20b", "9" * 400, str(uuid4())])
async def test_it_knows_no_message_by_an_unknown_id_whatever_its_form(server, acme, message_id):
    client = server.signed_in(acme)
    thread = await new_thread(client)
    response = await client.delete(f"/api/threads/{thread['id']}/messages/{message_id}/")
    assert (response.status_code, response.json()["code"]) == (404, "message_not_found")


async def test_it_knows_no_message_of_another_thread(server, acme):
    client = server.signed_in(acme)
    one, other = await new_thread(client), await new_thread(client)
    body = {"assistant_id": "docs_assistant", "content": "hello"}
    question, _ = (await client.post(f"/api/threads/{one['id']}/messages/", json=body)).json()
    response = await client.delete(f"/api/threads/{other['id']}/messages/{question['id']}/")
    assert (response.status_code, response.json()["code"]) == (404, "message_not_found")


async def test_a_thread_answers_only_with_its_own_assistant(server, acme):
    client = server.signed_in(acme)
    thread = await new_thread(client)
    await acme.run(lambda: Thread.objects.update(assistant_id="another_assistant"))
    body = {"assistant_id": "docs_assistant", "content": "hello"}
    response = await client.post(f"/api/threads/{thread['id']}/messages/", json=body)
    assert (response.status_code, response.json()["code"]) == (409, "thread_has_other_assistant")
    assert not await acme.run(Message.objects.exists)


# -- a project's own permission functions


async def test_a_function_of_the_project_opens_a_thread_to_others(server, acme):
    thread = await new_thread(server.signed_in(acme), name="ours")
    outsider = await outsider_of(server, acme)
    url = f"/api/threads/{thread['id']}/"

    def named_ours(thread, user, request=None):
        return thread.name == "ours" and request is not None and user.username in ("member", "outsider")

    with override_settings(AI_ASSISTANT_CAN_VIEW_THREAD_FN=named_ours):
        assert (await outsider.get(url)).json() == thread
        assert (await outsider.get(f"{url}messages/")).json() == []
        for refused in (await outsider.patch(url, json={"name": "mine"}), await outsider.delete(url)):
            assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert (await outsider.get(url)).status_code == 404


async def test_a_function_of_the_project_forbids_what_atrium_would_allow(server, acme):
    client = server.signed_in(acme)
    thread = await new_thread(client)
    url = f"/api/threads/{thread['id']}/"

    def no(**facts):
        return False

    with override_settings(AI_ASSISTANT_CAN_CREATE_THREAD_FN=no):
        assert (await client.post("/api/threads/", json={})).status_code == 403
    with override_settings(AI_ASSISTANT_CAN_UPDATE_THREAD_FN=no):
        assert (await client.patch(url, json={"name": "x"})).status_code == 403
    with override_settings(AI_ASSISTANT_CAN_DELETE_THREAD_FN=no):
        assert (await client.delete(url)).status_code == 403
    with override_settings(AI_ASSISTANT_CAN_VIEW_THREAD_FN=no):
        assert (await client.get(url)).status_code == 404
        assert (await client.get("/api/threads/")).json() == []
    assert (await client.get(url)).json() == thread


@pytest.mark.parametrize("name", ["AI_ASSISTANT_CAN_RUN_ASSISTANT", "AI_ASSISTANT_CAN_RUN_ASSISTANT_FN"])
async def test_a_function_of_the_project_decides_who_runs_an_assistant(server, acme, name):
    client = server.signed_in(acme)
    body = {"assistant_id": "docs_assistant", "content": "hello"}
    url = f"/api/threads/{(await new_thread(client))['id']}/messages/"
    with override_settings(**{name: lambda assistant_cls, user, request: user.username != "member"}):
        assert (await client.get("/api/assistants/")).json() == []
        assert (await client.post(url, json=body)).status_code == 403
        assert (await client.get("/api/assistants/docs_assistant/")).status_code == 403
    with override_settings(**{name: "assistants.permissions.allow_all"}):
        await acme.run(AccessRule.objects.filter(action="assistant.*").delete)
        assert (await client.post(url, json=body)).status_code == 201


async def test_a_function_of_the_project_decides_who_writes_in_a_thread(server, acme):
    client = server.signed_in(acme)
    body = {"assistant_id": "docs_assistant", "content": "hello"}
    url = f"/api/threads/{(await new_thread(client))['id']}/messages/"

    def only_reads(message, thread, user, request=None):
        return message is not None

    with override_settings(AI_ASSISTANT_CAN_CREATE_MESSAGE_FN=only_reads):
        response = await client.post(url, json=body)
    assert (response.status_code, response.json()["code"]) == (403, "not_allowed")
    assert not await acme.run(Message.objects.exists)


async def test_a_function_of_the_project_decides_who_deletes_a_message(server, acme):
    client = server.signed_in(acme)
    url = f"/api/threads/{(await new_thread(client))['id']}/messages/"
    body = {"assistant_id": "docs_assistant", "content": "hello"}
    question, answer = (await client.post(url, json=body)).json()

    def not_answers(message, thread, user, request=None):
        return message.type == "human" and thread.created_by == user

    with override_settings(AI_ASSISTANT_CAN_DELETE_MESSAGE_FN=not_answers):
        assert (await client.delete(f"{url}{answer['id']}/")).status_code == 403
        assert (await client.delete(f"{url}{question['id']}/")).status_code == 204


# -- keys that act as themselves


async def test_a_key_without_a_member_has_threads_of_its_own(server, acme):
    _, secret = await acme.run(lambda: create_api_key("a program"))
    program = server.client(acme.host, Authorization=f"Bearer {secret}")
    thread = await new_thread(program, name="the program's")
    assert (await program.get("/api/threads/")).json() == [thread]
    assert (await server.signed_in(acme).get("/api/threads/")).json() == []
    assert (await program.delete(f"/api/threads/{thread['id']}/")).status_code == 204


async def test_a_session_that_comes_along_with_a_key_lends_it_nothing(server, acme):
    seen = []
    _, secret = await acme.run(lambda: create_api_key("a program"))

    def look(user, request):
        seen.append((user.is_authenticated, request.user.is_authenticated))
        return True

    headers = {**await session_of(acme), "Authorization": f"Bearer {secret}"}
    with override_settings(AI_ASSISTANT_CAN_CREATE_THREAD_FN=look):
        await new_thread(server.client(acme.host, **headers))
    assert seen == [(False, False)]
