"""A stream that is cut, and joined again at another process, is the uncut one to the byte."""

from __future__ import annotations

import asyncio
import random

import httpx
import pytest

from tests.faults.model import Order
from tests.sse import read_events

CUTS = 20
LARGEST_EVENT = 100_000  # bytes: the last one, with the whole answer, would not fit between two cuts
MESSAGE = {"assistant_id": "docs_assistant"}


class Client:
    """A tenant's client of both web processes."""

    def __init__(self, deployment) -> None:
        self._deployment = deployment
        self._tenant = deployment.tenants[0]
        self._http = httpx.AsyncClient(timeout=30, trust_env=False)

    async def close(self) -> None:
        await self._http.aclose()

    def _to(self, process: int, path: str, **headers: str) -> dict:
        port = self._deployment.ports[process]
        return {
            "url": f"http://127.0.0.1:{port}{path}",
            "headers": {**self._deployment.headers(self._tenant, port), **headers},
        }

    async def start(self, process: int, order: Order) -> str:
        thread = (await self._http.post(**self._to(process, "/api/threads/"), json={})).json()["id"]
        body = {**MESSAGE, "content": order.written(), "mode": "background"}
        return (await self._http.post(**self._to(process, f"/api/threads/{thread}/runs/"), json=body)).json()["id"]

    async def whole(self, process: int, run_id: str, after: int = 0) -> bytes:
        """The stream from there to its end."""
        events = f"/api/runs/{run_id}/events/"
        return (await self._http.get(**self._to(process, events, **{"Last-Event-ID": str(after)}))).content

    async def cut_after(self, process: int, run_id: str, after: int, most: int) -> tuple[bytes, bool]:
        """At most so many bytes of the stream from there, and whether that was its end: then the client hangs up."""
        events = f"/api/runs/{run_id}/events/"
        heard = b""
        async with self._http.stream("GET", **self._to(process, events, **{"Last-Event-ID": str(after)})) as response:
            async for piece in response.aiter_raw():
                heard += piece
                if len(heard) >= most:
                    return heard[:most], False
        return heard, True


@pytest.fixture
async def client(deployment):
    made = Client(deployment)
    yield made
    await made.close()


def whole_events(heard: bytes) -> bytes:
    """Without the event in whose middle the connection was cut: a client has nothing of it."""
    return heard[: heard.rfind(b"\n\n") + 2] if b"\n\n" in heard else b""


def last_id(heard: bytes) -> int:
    events = read_events(heard.decode())
    return int(events[-1].id) if events else 0


async def test_a_stream_cut_again_and_again_while_it_goes_on(client):
    run_id = await client.start(0, Order("cut-live", tokens=80, pace=0.05))
    uncut = asyncio.create_task(client.whole(0, run_id))
    chance = random.Random(20)
    heard, over, cuts = b"", False, 0
    while not over:
        most = chance.randint(1, 400) if cuts < 2 * CUTS else LARGEST_EVENT
        piece, over = await client.cut_after(1 - cuts % 2, run_id, last_id(heard), most)
        heard += whole_events(piece)
        cuts += 1
    assert cuts > CUTS
    assert heard == await uncut
    assert read_events(heard.decode())[-1].type == "run.done"


async def test_a_stream_cut_at_20_points_and_joined_at_the_other_process(client):
    run_id = await client.start(0, Order("cut-later", tokens=60, pace=0.04))
    live = await client.whole(0, run_id)
    chance = random.Random(20)
    for point in (chance.randrange(len(live)) for _ in range(CUTS)):
        heard = whole_events(live[:point])
        assert heard + await client.whole(1, run_id, last_id(heard)) == live
