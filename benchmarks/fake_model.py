"""An OpenAI-compatible chat model that speaks at a steady pace and tells what it was shown.

    python -m benchmarks.fake_model --port 9201 --tokens 20 --interval 0.5

The first token comes one interval after the request, so an answer takes ``tokens * interval`` seconds. The answer
holds each ``marker-...`` word of its prompt: a passage or a question that belongs to somebody else can be seen in it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import uvicorn

MARKER = re.compile(r"marker-[a-z0-9-]+")
HEADERS = [(b"content-type", b"text/event-stream; charset=utf-8")]

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class FakeModel:
    """``POST /v1/chat/completions`` with ``"stream": true``; nothing else."""

    def __init__(self, tokens: int, interval: float) -> None:
        self.tokens = tokens
        self.interval = interval  # seconds

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        assert scope["type"] == "http"
        asked = json.loads(await _body(receive))
        assert asked["stream"], "the benchmark streams"
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        for word in self._words(asked["messages"]):
            await asyncio.sleep(self.interval)
            await send({"type": "http.response.body", "body": _chunk(delta={"content": word}), "more_body": True})
        usage = {"prompt_tokens": 1, "completion_tokens": self.tokens, "total_tokens": self.tokens + 1}
        end = _chunk(finish_reason="stop") + _chunk(usage=usage) + b"data: [DONE]\n\n"
        await send({"type": "http.response.body", "body": end})

    def _words(self, messages: list[dict[str, Any]]) -> Iterator[str]:
        shown = " ".join(str(message.get("content")) for message in messages)
        yield "[1] " + " ".join(dict.fromkeys(MARKER.findall(shown)))
        for number in range(1, self.tokens):
            yield f" word{number}"


def _chunk(delta: dict[str, str] | None = None, finish_reason: str | None = None, usage: Any = None) -> bytes:
    choices = [] if usage else [{"index": 0, "delta": delta or {}, "finish_reason": finish_reason}]
    chunk = {"id": "fake", "object": "chat.completion.chunk", "created": 0, "model": "fake", "choices": choices}
    return b"data: " + json.dumps({**chunk, "usage": usage}).encode() + b"\n\n"


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


def main() -> None:
    """Serve on the loopback address until told to stop."""
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--tokens", type=int, default=20)
    options.add_argument("--interval", type=float, default=0.5, help="seconds between two tokens")
    given = options.parse_args()
    model = FakeModel(given.tokens, given.interval)
    uvicorn.run(model, port=given.port, log_level="warning", lifespan="off")  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
