"""A model server that misbehaves on purpose, over real HTTP: it sends what the test gives it, byte for byte."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

SILENCE = None  # until the client goes away
Script = list[bytes | None]


def sse(*events: Any, done: bool = True) -> bytes:
    """A streamed body: objects become JSON, bytes stay as they are."""
    texts = [event if isinstance(event, bytes) else json.dumps(event).encode() for event in events]
    return b"".join(b"data: %s\n\n" % text for text in [*texts, *([b"[DONE]"] if done else [])])


def piece(finish: str | None = None, model: str = "small", **delta: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": [choice]}


def chunked(body: bytes, end: bool = True) -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    return b"%s%x\r\n%s\r\n%s" % (head, len(body), body, b"0\r\n\r\n" if end else b"")


def answer(status: int, body: bytes, kind: str = "application/json", **headers: str) -> bytes:
    """A whole response; an underscore in a header's name stands for a hyphen."""
    sent = {"content-type": kind, "content-length": str(len(body)), "connection": "close", **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in sent.items())
    return b"HTTP/1.1 %d -\r\n%s\r\n%s" % (status, lines.encode(), body)


ROLE, TEXT, FINISH = piece(role="assistant", content=""), piece(content="Hello"), piece("stop")
GOOD = chunked(sse(ROLE, TEXT, FINISH))
ERROR = b'{"error": {"message": "sk-secret", "type": "x", "code": "y"}}'


def says(*texts: str, model: str = "small") -> bytes:
    """A good streamed answer."""
    spoken = [piece(model=model, content=text) for text in texts]
    return chunked(sse(piece(model=model, role="assistant", content=""), *spoken, piece("stop", model=model)))


def says_whole(text: str, model: str = "small") -> bytes:
    """A good answer that is not streamed."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    whole = {"id": "1", "object": "chat.completion", "created": 1, "model": model, "choices": [choice]}
    return answer(200, json.dumps(whole).encode())


class FaultyServer:
    """Answers the first requests with ``replies`` in turn, the others with the last. ``by_model`` has those for one
    model alone; ``asked`` are the requests' bodies."""

    def __init__(self) -> None:
        self.url = ""
        self.replies: list[Script] = []
        self.by_model: dict[str, list[Script]] = {}
        self.asked: list[dict[str, Any]] = []
        self.reached = asyncio.Event()

    @property
    def requests(self) -> int:
        return len(self.asked)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().splitlines() if line.startswith(b"content-length:"))
            body = json.loads(await reader.readexactly(int(length.split(b":")[1])))
            for step in self._script_for(body):
                if step is SILENCE:
                    await reader.read()
                else:
                    writer.write(step)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        finally:
            writer.close()

    def _script_for(self, body: dict[str, Any]) -> Script:
        scripts = self.by_model.get(body["model"], self.replies)
        before = sum(asked["model"] == body["model"] or body["model"] not in self.by_model for asked in self.asked)
        self.asked.append(body)
        self.reached.set()
        return scripts[min(before, len(scripts) - 1)]


@asynccontextmanager
async def running() -> AsyncIterator[FaultyServer]:
    """A server on a free port, until the block ends."""
    faulty = FaultyServer()
    listening = await asyncio.start_server(faulty.handle, "127.0.0.1", 0)
    faulty.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    try:
        yield faulty
    finally:
        listening.close()
        await listening.wait_closed()
