"""Once, also where many clients ask two processes in the same instant."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.faults.model import Order


@pytest.fixture
async def ask(deployment):
    """Posts to a thread of a tenant, at one of the two processes in turn."""
    tenant = deployment.tenants[0]
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=60, limits=limits, trust_env=False) as http:

        async def post(number: int, path: str, body: dict, **headers: str) -> httpx.Response:
            port = deployment.ports[number % len(deployment.ports)]
            headers = {**deployment.headers(tenant, port), **headers}
            return await http.post(f"http://127.0.0.1:{port}{path}", json=body, headers=headers)

        yield post


async def new_thread(ask) -> str:
    return (await ask(0, "/api/threads/", {})).json()["id"]


def question(order: Order, **more: str) -> dict[str, str]:
    return {"assistant_id": "docs_assistant", "content": order.written(), **more}


async def test_50_clients_with_one_key_at_two_processes_start_one_run(deployment, ask):
    thread = await new_thread(ask)
    body, key = question(Order("once", tokens=20)), {"Idempotency-Key": "the-same"}
    answers = await asyncio.gather(*(ask(n, f"/api/threads/{thread}/messages/", body, **key) for n in range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    schema = deployment.tenants[0].schema
    count = f"SELECT count(*) FROM {schema}.assistants_run WHERE thread_id = %s"
    assert deployment.database.ask(count, thread) == [(1,)]
    assert [call["event"] for call in deployment.calls() if call["id"] == "once"] == ["asked", "first", "completed"]


async def test_20_clients_in_one_thread_at_two_processes_have_one_run_at_a_time(ask):
    thread = await new_thread(ask)
    path = f"/api/threads/{thread}/runs/"
    orders = [Order(f"busy-{number}", tokens=20) for number in range(20)]
    answers = await asyncio.gather(*(ask(n, path, question(order)) for n, order in enumerate(orders)))
    [accepted] = [answer for answer in answers if answer.status_code == 201]
    refused = [answer for answer in answers if answer.status_code == 409]
    assert len(refused) == 19
    assert {(each.json()["code"], each.json()["run_id"]) for each in refused} == {("run_active", accepted.json()["id"])}
    assert (await ask(1, path, question(Order("after", tokens=1)))).status_code == 201  # free again at its end
