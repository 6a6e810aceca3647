"""Many streams at once, from a process of its own; prints what came of each as JSON.

    python -m benchmarks.stream_client < order.json

The order: ``{"port", "ramp", "timeout", "streams": [{"host", "key", "thread", "question", "own", "foreign"}]}``.
The streams begin evenly spread over ``ramp`` seconds; ``timeout`` (seconds) bounds them all together. ``own`` are
words that a right answer holds, ``foreign`` what must not be in it. Printed: a list of ``{"ok", "wrong", "error",
"began", "first_event", "first_text", "ended"}``, times in seconds since the beginning.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import httpx

MOST_STREAMS = 2000


class Stream:
    """One question, and what came back."""

    def __init__(self, order: dict[str, Any], port: int, start: float) -> None:
        self._order = order
        self._port = port
        self._start = start
        self._events: list[tuple[str, Any]] = []
        self.result: dict[str, Any] = {"ok": False, "wrong": False, "error": ""}

    def _now(self) -> float:
        return time.perf_counter() - self._start

    async def run(self, client: httpx.AsyncClient, after: float) -> None:
        """Ask after so many seconds; never raises for what the server does."""
        await asyncio.sleep(after)
        self.result["began"] = self._now()
        try:
            await self._ask(client)
            self._judge()
        except (httpx.HTTPError, ValueError, AssertionError) as error:
            self.result["error"] = f"{type(error).__name__}: {error}"[:200]
        self.result["ended"] = self._now()

    async def _ask(self, client: httpx.AsyncClient) -> None:
        order = self._order
        async with client.stream(
            "POST",
            f"http://127.0.0.1:{self._port}/api/threads/{order['thread']}/messages/",
            json={"assistant_id": "docs_assistant", "content": order["question"]},
            headers={
                "Host": f"{order['host']}:{self._port}",
                "Authorization": f"Bearer {order['key']}",
                "Accept": "text/event-stream",
            },
        ) as response:
            if response.status_code != 200:
                raise ValueError(f"{response.status_code} {(await response.aread()).decode()}")
            kind = ""
            async for line in response.aiter_lines():
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    self._take(kind, json.loads(line.removeprefix("data: ")))

    def _take(self, kind: str, data: Any) -> None:
        self._events.append((kind, data))
        self.result.setdefault("first_event", self._now())
        if kind == "message.delta":
            self.result.setdefault("first_text", self._now())

    def _judge(self) -> None:
        kinds = [kind for kind, _ in self._events]
        everything = json.dumps(self._events)
        self.result["wrong"] = any(word in everything for word in self._order["foreign"])
        assert kinds[-1:] == ["run.done"], f"the stream ended with {everything[-200:]}"
        missing = [word for word in self._order["own"] if word not in everything]
        assert not missing, f"the answer lacks {missing}"
        self.result["ok"] = not self.result["wrong"]


async def run(order: dict[str, Any]) -> list[dict[str, Any]]:
    """Run all streams of the order and return their results in its order."""
    start = time.perf_counter()
    streams = [Stream(each, order["port"], start) for each in order["streams"][:MOST_STREAMS]]
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(limits=limits, timeout=order["timeout"], trust_env=False) as client:
        step = order["ramp"] / len(streams)
        tasks = [asyncio.create_task(each.run(client, number * step)) for number, each in enumerate(streams)]
        _, late = await asyncio.wait(tasks, timeout=order["timeout"])
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
    return [stream.result for stream in streams]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(json.load(sys.stdin)))))
