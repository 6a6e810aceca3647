"""A client as it should be: it asks once, whatever the connection does, and misses nothing of the answer.

It sends its question with an ``Idempotency-Key``, to one process after the other until one has accepted it, and it
joins a stream that broke with ``Last-Event-ID``, again at any process.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import uuid4

import httpx

from tests.faults.deployment import Deployment, TenantFacts
from tests.faults.model import Order
from tests.sse import SentEvent, read_events

Way = Literal["stream", "wait", "background"]
FINAL = {"run.done", "run.cancelled", "run.waiting", "error"}
AGAIN_AFTER = 0.3  # seconds
MOST_SECONDS = 60.0
TRANSIENT = {500, 502, 503, 504}


@dataclass
class Asked:
    """A question: what was sent, what was heard."""

    tenant: TenantFacts
    thread: str
    order: Order
    way: Way
    key: str = field(default_factory=lambda: uuid4().hex)
    accepted: bool = False
    """The server has said so, at least once."""
    run_id: str = ""
    frames: dict[int, str] = field(default_factory=dict)
    """Each event's frame as it came, by number; those of a stream only."""
    out_of_order: bool = False
    problem: str = ""

    @property
    def content(self) -> str:
        return f"What is in {self.order.id}? {self.order.written()}"


class Chatter:
    """Clients of a deployment: one HTTP client for all of them, each request on a connection of its own."""

    def __init__(self, deployment: Deployment, chance: random.Random) -> None:
        self._deployment = deployment
        self._chance = chance
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._http = httpx.AsyncClient(limits=limits, timeout=httpx.Timeout(MOST_SECONDS, connect=5), trust_env=False)

    async def close(self) -> None:
        await self._http.aclose()

    async def new_thread(self, tenant: TenantFacts) -> str:
        response = await self._request(tenant, "POST", "/api/threads/", json={})
        assert response.status_code == 201, response.text
        return response.json()["id"]

    async def ask(self, asked: Asked) -> None:
        """Ask and hear the answer to its end; what went wrong for good is the ``problem``."""
        try:
            async with asyncio.timeout(MOST_SECONDS):
                await (self._stream(asked) if asked.way == "stream" else self._post(asked))
        except TimeoutError:
            asked.problem = "no answer to the end within a minute"

    async def ask_and_leave(self, asked: Asked, after: float) -> None:
        """Ask, and be gone after so many seconds, for good."""
        try:
            async with asyncio.timeout(after):
                await (self._stream(asked) if asked.way == "stream" else self._post(asked))
        except TimeoutError:
            pass

    async def post_again(self, asked: Asked) -> str:
        """The same request once more: the id of the run that it is answered with."""
        path = f"/api/threads/{asked.thread}/runs/"
        body = {"assistant_id": "docs_assistant", "content": asked.content, "mode": "background"}
        response = await self._request(asked.tenant, "POST", path, json=body, headers={"Idempotency-Key": asked.key})
        return response.json().get("id", response.text)

    async def log_of(self, asked: Asked) -> str:
        """The run's events as the server tells them afterwards."""
        return (await self._request(asked.tenant, "GET", f"/api/runs/{asked.run_id}/events/")).text

    async def status_of(self, asked: Asked) -> str:
        """Where its run stands."""
        return (await self._request(asked.tenant, "GET", f"/api/runs/{asked.run_id}/")).json()["status"]

    # -- once, over any process

    async def _request(self, tenant: TenantFacts, method: str, path: str, **more: Any) -> httpx.Response:
        """A request that may be sent again, until a process answers it."""
        headers = more.pop("headers", {})
        while True:
            port = self._port()
            try:
                response = await self._http.request(
                    method,
                    f"http://127.0.0.1:{port}{path}",
                    headers={**self._deployment.headers(tenant, port), **headers},
                    **more,
                )
                if response.status_code not in TRANSIENT or "run_id" in response.text:
                    return response
            except httpx.TransportError:
                pass
            await asyncio.sleep(AGAIN_AFTER)

    async def _post(self, asked: Asked) -> None:
        path = f"/api/threads/{asked.thread}/runs/"
        body = {"assistant_id": "docs_assistant", "content": asked.content, "mode": asked.way}
        response = await self._request(asked.tenant, "POST", path, json=body, headers={"Idempotency-Key": asked.key})
        if response.status_code not in (201, 202):
            asked.problem = f"{response.status_code}: {response.text[:200]}"
            return
        asked.accepted, asked.run_id = True, response.json()["id"]
        while response.json()["status"] in ("running", "queued"):
            await asyncio.sleep(AGAIN_AFTER)
            response = await self._request(asked.tenant, "GET", f"/api/runs/{asked.run_id}/")

    # -- streams

    async def _stream(self, asked: Asked) -> None:
        while not (asked.frames and _type(asked.frames[max(asked.frames)]) in FINAL):
            try:
                if not await self._hear(asked):
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(AGAIN_AFTER)

    async def _hear(self, asked: Asked) -> bool:
        """One connection's worth of events. False: the question was refused for good."""
        async with self._opened(asked) as response:
            if response.status_code != 200:
                text = (await response.aread()).decode()
                if response.status_code in TRANSIENT:
                    return True
                asked.problem = f"{response.status_code}: {text[:200]}"
                return False
            asked.accepted = True
            async for frame in _frames(response):
                self._take(asked, frame)
        return True

    def _opened(self, asked: Asked) -> Any:
        port = self._port()
        base = f"http://127.0.0.1:{port}/api"
        headers = self._deployment.headers(asked.tenant, port)
        if asked.frames:
            last = {"Last-Event-ID": str(max(asked.frames))}
            return self._http.stream("GET", f"{base}/runs/{asked.run_id}/events/", headers={**headers, **last})
        return self._http.stream(
            "POST",
            f"{base}/threads/{asked.thread}/messages/",
            json={"assistant_id": "docs_assistant", "content": asked.content},
            headers={**headers, "Accept": "text/event-stream", "Idempotency-Key": asked.key},
        )

    def _take(self, asked: Asked, frame: str) -> None:
        [event] = read_events(frame)
        number = int(event.id)
        asked.out_of_order |= bool(asked.frames) and number <= max(asked.frames)
        asked.frames[number] = frame
        asked.run_id = event.data.get("run_id", asked.run_id)

    def _port(self) -> int:
        return self._chance.choice(self._deployment.ports)


async def _frames(response: httpx.Response) -> AsyncIterator[str]:
    """Whole events, as text; what was cut off in the middle of one is not an event."""
    rest = ""
    async for text in response.aiter_text():
        *whole, rest = (rest + text).split("\n\n")
        for frame in whole:
            if not frame.startswith(":"):
                yield frame


def _type(frame: str) -> str:
    event: SentEvent = read_events(frame)[0]
    return event.type
