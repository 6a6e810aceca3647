"""Lists over HTTP: bounded, whole when followed, in order, and few questions to the database."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import override_settings
from django.utils import timezone
from langchain_core.messages import AIMessage, HumanMessage, message_to_dict

from assistants.models import Message, Thread
from tests.sessions import session_of
from tests.statements import counted


async def add_threads(tenant, number: int, **fields) -> list[str]:
    """Threads of the member's, oldest first, a second apart."""

    def add() -> list[str]:
        now = timezone.now()
        rows = Thread.objects.bulk_create(
            Thread(name=f"{index}", created_by=tenant.member, **fields) for index in range(number)
        )
        for index, row in enumerate(rows):
            row.created_at = now + timedelta(seconds=index)
        Thread.objects.bulk_update(rows, ["created_at"])
        return [str(row.pk) for row in rows]

    return await tenant.run(add)


async def add_messages(tenant, number: int) -> str:
    """A thread of the member's with messages 0, 1, 2 ...; tool calls without text between them."""

    def add() -> str:
        thread = Thread.objects.create(created_by=tenant.member)
        for index in range(number):
            said = HumanMessage(f"{index}") if index % 2 == 0 else AIMessage(f"{index}")
            calling = AIMessage("", tool_calls=[{"id": "1", "name": "look", "args": {}}])
            for message in (calling, said):
                Message.objects.create(thread=thread, message=message_to_dict(message))
        return str(thread.pk)

    return await tenant.run(add)


async def follow(client, url: str) -> list[list[dict]]:
    """All pages of a list, from one ``Link`` to the next."""
    pages = []
    while url:
        response = await client.get(url)
        assert response.status_code == 200, response.text
        pages.append(response.json())
        url = response.links.get("next", {}).get("url", "").replace(f"http://acme.localhost:{client.base_url.port}", "")
    return pages


async def test_threads_come_newest_first_in_a_bare_array(server, acme):
    ids = await add_threads(acme, 3)
    response = await server.signed_in(acme).get("/api/threads/")
    assert [thread["id"] for thread in response.json()] == ids[::-1]
    assert "Link" not in response.headers


async def test_a_list_is_bounded_without_being_asked_to(server, acme):
    await add_threads(acme, 201)
    response = await server.signed_in(acme).get("/api/threads/")
    assert len(response.json()) == 200
    assert response.links["next"]["url"].startswith(f"http://acme.localhost:{server.port}/api/threads/?after=")


async def test_the_pages_of_threads_make_the_whole_list(server, acme):
    ids = await add_threads(acme, 7, assistant_id="docs_assistant")
    await add_threads(acme, 2)
    pages = await follow(server.signed_in(acme), "/api/threads/?limit=3&assistant_id=docs_assistant")
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [thread["id"] for page in pages for thread in page] == ids[::-1]


async def test_a_page_begins_after_the_last_row_even_when_rows_are_of_the_same_instant(server, acme):
    ids = await add_threads(acme, 5)
    await acme.run(lambda: Thread.objects.update(created_at=timezone.now()))
    pages = await follow(server.signed_in(acme), "/api/threads/?limit=2")
    assert sorted(thread["id"] for page in pages for thread in page) == sorted(ids)


async def test_the_last_page_is_not_followed_by_an_empty_one(server, acme):
    await add_threads(acme, 4)
    assert [len(page) for page in await follow(server.signed_in(acme), "/api/threads/?limit=2")] == [2, 2]


async def test_messages_come_oldest_first_and_their_pages_make_the_conversation(server, acme):
    url = f"/api/threads/{await add_messages(acme, 7)}/messages/"
    pages = await follow(server.signed_in(acme), f"{url}?limit=3")
    assert [[message["content"] for message in page] for page in pages] == [["0", "1", "2"], ["3", "4", "5"], ["6"]]
    pages = await follow(server.signed_in(acme), f"{url}?limit=3&order=desc")
    assert [[message["content"] for message in page] for page in pages] == [["6", "5", "4"], ["3", "2", "1"], ["0"]]


async def test_an_empty_thread_has_an_empty_list(server, acme):
    response = await server.signed_in(acme).get(f"/api/threads/{await add_messages(acme, 0)}/messages/")
    assert (response.status_code, response.json()) == (200, [])


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=501", "limit"), ("limit=x", "limit"), ("limit=-1", "limit")]
    + [(f"after={after}", "after") for after in ("x", "1", str(uuid4()), "%00", "9" * 400)],
)
@pytest.mark.parametrize("path", ["/api/threads/", "/api/threads/{}/messages/"])
async def test_a_page_that_cannot_be_is_refused_with_the_field_that_is_wrong(server, acme, path, query, field):
    response = await server.signed_in(acme).get(f"{path.format(await add_messages(acme, 1))}?{query}")
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


async def test_the_highest_limit_is_allowed(server, acme):
    await add_threads(acme, 501)
    response = await server.signed_in(acme).get("/api/threads/?limit=500")
    assert len(response.json()) == 500


async def test_a_page_cannot_begin_after_somebody_elses_thread(server, acme):
    await add_threads(acme, 2)
    foreign = await acme.run(lambda: Thread.objects.create(created_by=acme.outsider).pk)
    response = await server.signed_in(acme).get(f"/api/threads/?after={foreign}")
    assert (response.status_code, response.json()["code"]) == (422, "unknown_cursor")


async def test_an_unknown_thread_is_said_to_be_unknown_before_the_cursor(server, acme):
    response = await server.signed_in(acme).get(f"/api/threads/{uuid4()}/messages/?after={uuid4()}")
    assert (response.status_code, response.json()["code"]) == (404, "thread_not_found")


async def test_a_page_is_full_when_a_function_of_the_project_leaves_rows_out(server, acme):
    await add_threads(acme, 10)

    def even(thread, user, request):
        return request is not None and thread.created_by == user and int(thread.name) % 2 == 0

    with override_settings(AI_ASSISTANT_CAN_VIEW_THREAD_FN=even):
        pages = await follow(server.signed_in(acme), "/api/threads/?limit=2")
    assert [[thread["name"] for thread in page] for page in pages] == [["8", "6"], ["4", "2"], ["0"]]


# -- questions to the database (tests/statements.py says how they are counted)


@pytest.mark.parametrize("way_in", ["api_key", "session"])
async def test_listing_200_threads_takes_at_most_five_statements(server, acme, way_in):
    await add_threads(acme, 200)
    client = server.client(acme.host, **(acme.bearer if way_in == "api_key" else await session_of(acme)))
    await client.get("/api/threads/")  # the host map and the pool are read and filled by whoever comes first
    with counted() as statements:
        assert len((await client.get("/api/threads/")).json()) == 200
    assert len(statements) <= 5, statements


@pytest.mark.parametrize("way_in", ["api_key", "session"])
async def test_listing_100_messages_takes_at_most_five_statements(server, acme, way_in):
    url = f"/api/threads/{await add_messages(acme, 100)}/messages/"
    client = server.client(acme.host, **(acme.bearer if way_in == "api_key" else await session_of(acme)))
    await client.get(url)
    with counted() as statements:
        assert len((await client.get(url)).json()) == 100
    assert len(statements) <= 5, statements
