"""A model server that misbehaves as it is told, as a process of its own that can be killed.

    python -m tests.faults.model --port 9300 --journal calls.jsonl

It speaks enough of OpenAI's protocol for ``POST /v1/chat/completions`` with ``"stream": true``. What to do stands in
the question itself, as ``ORDER {...}`` (``Order``), so that requests of many threads can be treated differently. It
writes down, a JSON line each, when a call arrives and how it ends; a line is there before the caller can know of it.
HTTP is written by hand, over a plain socket: no server library would send half a chunk, or nonsense for a status line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SILENCE = 3600.0  # seconds: longer than anybody waits
ORDER = re.compile(r"ORDER (\{.*?\})")
REASONS = {200: "OK", 429: "Too Many Requests", 500: "Internal Server Error"}


@dataclass(frozen=True)
class Order:
    """What to do with a question.

    ``id`` names it. The answer has ``tokens`` words, ``pace`` seconds apart, the first one ``first`` seconds after the
    question. The first ``times`` calls for this id meet the ``fault``; ``after`` is the number of words before it.
    """

    id: str = ""
    tokens: int = 20
    pace: float = 0.05
    first: float = 0.05
    fault: str = ""
    after: int = 0
    times: int = 0

    def written(self) -> str:
        """As it stands in a question."""
        return f"ORDER {json.dumps(asdict(self))}"


def order_in(text: str) -> Order:
    """The order in a question; without one, an answer of twenty words."""
    found = ORDER.search(text)
    return Order(**json.loads(found[1])) if found else Order()


def words_of(order: Order) -> list[str]:
    """The right answer, in pieces."""
    return [f"word{number} of {order.id}. " for number in range(order.tokens)]


class Journal:
    """What became of each call, written at once: the process may be killed at any moment."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(self, event: str, call: int, order: Order, **facts: Any) -> None:
        line = {"event": event, "call": call, "id": order.id, "at": time.time(), **facts}
        os.write(self._file, (json.dumps(line) + "\n").encode())


class Gone(Exception):
    """The caller, or the connection, is no more."""


class Model:
    """The server's state: how often each question was asked."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._calls = int(time.time() * 1000) % 10**9  # also after a restart, a call has a number of its own
        self._asked: dict[str, int] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: one request after another, until either side has enough."""
        try:
            while body := await _request(reader):
                await self._answer(json.loads(body), Reply(writer))
        except (OSError, Gone, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    async def _answer(self, asked: dict[str, Any], reply: Reply) -> None:
        order = order_in(_question(asked))
        if not asked.get("stream"):
            return await reply.whole(200, _rewritten(_question(asked)))
        self._calls += 1
        call = self._calls
        self._asked[order.id] = times = self._asked.get(order.id, 0) + 1
        self._journal.write("asked", call, order)
        fault = order.fault if times <= order.times else ""
        try:
            await self._say(reply, order, fault, call)
        except (OSError, Gone) as error:
            self._journal.write("cut", call, order, why=fault or type(error).__name__)
            raise

    async def _say(self, reply: Reply, order: Order, fault: str, call: int) -> None:
        if fault.isdigit():
            self._journal.write("refused", call, order, status=int(fault))
            return await reply.whole(int(fault), {"error": {"message": "injected", "type": "injected"}})
        if fault == "garbage":
            self._journal.write("garbage", call, order)
            return await reply.nonsense(order.after)
        await asyncio.sleep(SILENCE if fault == "silent" and not order.after else order.first)
        await reply.begin()
        for number, word in enumerate(words_of(order)):
            if fault == "cut" and number == order.after:
                raise Gone
            if fault == "silent" and number == order.after:
                await asyncio.sleep(SILENCE)
            await reply.chunk(delta={"content": word})
            if number == 0:
                self._journal.write("first", call, order)
            await asyncio.sleep(order.pace)
        prompt = 1000 + call % 9000  # a number of its own, so that a sum of two calls can be told from one
        usage = {"prompt_tokens": prompt, "completion_tokens": order.tokens, "total_tokens": prompt + order.tokens}
        self._journal.write("completed", call, order, tokens_in=prompt, tokens_out=order.tokens)
        await reply.chunk(finish="stop")
        await reply.chunk(usage=usage)
        await reply.end()


class Reply:
    """One HTTP response, in pieces."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def whole(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        more = "retry-after: 0\r\n" if status == 429 else ""
        head = f"HTTP/1.1 {status} {REASONS[status]}\r\ncontent-type: application/json\r\n{more}"
        await self._send(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)

    async def begin(self) -> None:
        await self._send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")

    async def chunk(self, delta: dict[str, str] | None = None, finish: str | None = None, usage: Any = None) -> None:
        choices = [] if usage else [{"index": 0, "delta": delta or {}, "finish_reason": finish}]
        facts = {"id": "call", "object": "chat.completion.chunk", "created": 0, "model": "faulty"}
        await self._event(json.dumps({**facts, "choices": choices, "usage": usage}).encode())

    async def end(self) -> None:
        await self._event(b"[DONE]")
        await self._send(b"0\r\n\r\n")

    async def nonsense(self, which: int) -> None:
        """What no client can read: in the stream, in its framing, or from the first line on."""
        if which % 3 == 0:
            await self.begin()
            await self._event(b'{"choices": [{"ind')
            await self.end()
        elif which % 3 == 1:
            await self.begin()
            await self._send(b"zz\r\n\x00\xff\xfe no chunk\r\n")
            raise Gone
        else:
            await self._send(b"\x16\x03\x01 I am no HTTP server\r\n\r\n")
            raise Gone

    async def _event(self, data: bytes) -> None:
        event = b"data: " + data + b"\n\n"
        await self._send(b"%x\r\n%b\r\n" % (len(event), event))

    async def _send(self, data: bytes) -> None:
        if self._writer.is_closing():
            raise Gone
        self._writer.write(data)
        await self._writer.drain()


async def _request(reader: asyncio.StreamReader) -> bytes:
    """The next request's body; empty when there is none."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    assert length, "a chat request has a length"
    return await reader.readexactly(int(length[1]))


def _question(asked: dict[str, Any]) -> str:
    """What the person asked last: the newest message of theirs."""
    said = [message["content"] for message in asked["messages"] if message["role"] == "user"]
    return str(said[-1]) if said else ""


def _rewritten(question: str) -> dict[str, Any]:
    """The answer to a request that does not stream: a follow-up question, written so that it stands alone."""
    choice = {"index": 0, "message": {"role": "assistant", "content": question}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    facts = {"id": "call", "object": "chat.completion", "created": 0, "model": "faulty"}
    return {**facts, "choices": [choice], "usage": usage}


async def _serve(port: int, journal: Path) -> None:
    model = Model(Journal(journal))
    server = await asyncio.start_server(model.serve, "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    """Serve on the loopback address until told to stop."""
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--journal", type=Path, required=True)
    given = options.parse_args()
    asyncio.run(_serve(given.port, given.journal))


if __name__ == "__main__":
    main()
