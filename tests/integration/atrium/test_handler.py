"""What Django tells listeners at the end of a request reaches them off the event loop, and no connection is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from django.core.signals import request_finished
from django.db import connection

from atrium.body_limit import LimitedBody
from tenants.models import Tenant
from tests.waiting import until


@pytest.fixture
def finished() -> Iterator[list[tuple[int, str]]]:
    """For each request that ends: how many tenants a listener counts, and on which thread."""
    seen: list[tuple[int, str]] = []

    def count_tenants(**_: object) -> None:
        seen.append((Tenant.objects.count(), threading.current_thread().name))

    request_finished.connect(count_tenants)
    yield seen
    request_finished.disconnect(count_tenants)


async def test_a_projects_own_listener_may_use_the_database(server, acme, finished):
    client = server.signed_in(acme)
    before = connections_in_use()
    for _ in range(5):
        assert (await client.get("/api/threads/")).status_code == 200
    assert (await client.get("/api/nothing/")).status_code == 404

    async def heard_of_all() -> bool:
        return len(finished) == 6 and connections_in_use() <= before  # a timer may have had one at first

    await until(heard_of_all, "the listener heard of all requests and every connection came back")
    assert [count for count, _ in finished] == [2] * 6
    assert threading.main_thread().name not in {name for _, name in finished}


def connections_in_use() -> int:
    stats = connection.pool.get_stats()
    return stats["pool_size"] - stats["pool_available"]


async def test_a_body_that_is_too_large_is_refused_and_not_kept(server, acme, settings):
    settings.ATRIUM_UPLOAD_MB = 3
    client = server.signed_in(acme)
    files = [("files", (f"{number}.md", b"x" * 1024**2)) for number in range(4)]
    address = "/api/collections/00000000-0000-4000-8000-000000000000/files/"
    refused = await client.post(address, files=files)
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    assert "at most 3 MB. Send fewer files" in refused.json()["detail"]
    refused = await client.post("/api/threads/", content=b"x" * (3 * 1024**2))
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    assert (await client.post(address, files=files[:2])).status_code in (403, 404)


async def test_nothing_beyond_the_limit_is_kept_of_a_body_that_does_not_end():
    sent = [0]

    async def receive():
        sent[0] += 10
        return {"type": "http.request", "body": b"x" * 10, "more_body": True}

    limited, kept = LimitedBody(receive, 35), 0
    while (message := await limited())["more_body"]:
        kept += len(message["body"])
    assert (limited.is_over, kept, sent[0]) == (True, 30, 80)
