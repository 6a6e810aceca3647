"""Many streams at once, from a process of its own; prints what came of each as JSON.

    python -m benchmarks.stream_client < order.json

The order: ``{"port", "ramp", "timeout", "streams": [{"host", "key", "thread", "question", "own", "foreign"}]}``.
The streams begin evenly spread over ``ramp`` seconds; ``timeout`` (seconds) bounds them all together. ``own`` are
words that a right answer holds, ``foreign`` what must not be in it. Printed: a list of ``{"ok", "wrong", "error",
"began", "first_event", "first_text", "ended"}``, times in seconds since the beginning.

It does as little as it can while the streams go on, and reads what came when they have ended: a client that is busy
itself would measure its own queue, and take the time of the server beside it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import httptools
import uvloop

MOST_STREAMS = 2000
EVENT, TEXT = b"\ndata: ", b"event: message.delta\n"


class Answer(asyncio.Protocol):
    """One connection's response, with the times at which its first event and its first text had come."""

    def __init__(self) -> None:
        self.status = 0
        self.body = bytearray()
        self.first_event: float | None = None
        self.first_text: float | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._end(ValueError(f"the response is broken: {error}"))

    def connection_lost(self, error: Exception | None) -> None:
        """Called by the loop."""
        self._end(error or ConnectionError("the response was cut"))

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        self.status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        self.body += body
        if self.first_event is None and EVENT in self.body:
            self.first_event = time.perf_counter()
        if self.first_text is None and TEXT in self.body:
            self.first_text = time.perf_counter()

    def on_message_complete(self) -> None:
        """Called by the parser."""
        self._end(None)

    def _end(self, error: Exception | None) -> None:
        if self.ended.done():
            return
        if error is None:
            self.ended.set_result(None)
        else:
            self.ended.set_exception(error)


class Stream:
    """One question, and what came back."""

    def __init__(self, order: dict[str, Any], port: int, start: float) -> None:
        self._order = order
        self._port = port
        self._start = start
        self._events: list[tuple[str, Any]] = []
        self._answer: Answer | None = None
        self.result: dict[str, Any] = {"ok": False, "wrong": False, "error": ""}

    def _now(self) -> float:
        return time.perf_counter() - self._start

    async def run(self, after: float) -> None:
        """Ask after so many seconds; never raises for what the server does."""
        await asyncio.sleep(after)
        self.result["began"] = self._now()
        try:
            self._answer = await self._ask()
        except (OSError, ValueError) as error:
            self.result["error"] = f"{type(error).__name__}: {error}"[:200]
        self.result["ended"] = self._now()

    async def _ask(self) -> Answer:
        transport, answer = await asyncio.get_running_loop().create_connection(Answer, "127.0.0.1", self._port)
        try:
            transport.write(self._request())
            await answer.ended
        finally:
            transport.close()
            for name, at in (("first_event", answer.first_event), ("first_text", answer.first_text)):
                if at is not None and answer.status == 200:
                    self.result[name] = at - self._start
        return answer

    def _request(self) -> bytes:
        order = self._order
        body = json.dumps({"assistant_id": "docs_assistant", "content": order["question"]}).encode()
        lines = (
            f"POST /api/threads/{order['thread']}/messages/ HTTP/1.1",
            f"Host: {order['host']}:{self._port}",
            f"Authorization: Bearer {order['key']}",
            "Accept: text/event-stream",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            "Connection: close",
        )
        return "\r\n".join([*lines, "", ""]).encode() + body

    def judge(self) -> None:
        """Say whether what came was right; called when all streams have ended."""
        if self._answer is None:
            return
        try:
            self._read(self._answer)
            self._judge()
        except (ValueError, AssertionError) as error:
            self.result["error"] = f"{type(error).__name__}: {error}"[:200]

    def _read(self, answer: Answer) -> None:
        said = answer.body.decode()
        if answer.status != 200:
            raise ValueError(f"{answer.status} {said}")
        kind = ""
        for line in said.split("\n"):
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: "):
                self._events.append((kind, json.loads(line.removeprefix("data: "))))

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
    step = order["ramp"] / len(streams)
    tasks = [asyncio.create_task(each.run(number * step)) for number, each in enumerate(streams)]
    _, late = await asyncio.wait(tasks, timeout=order["timeout"])
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    for stream in streams:
        stream.judge()
    return [stream.result for stream in streams]


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(run(json.load(sys.stdin)))))
