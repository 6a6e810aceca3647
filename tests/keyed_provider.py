"""An OpenAI-compatible server that knows one key and a few models, and remembers who has called with what."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.faulty_model import answer, says, says_whole

CHAT, EMBEDDING = "their-chat", "their-vectors"


@dataclass
class Request:
    """What a caller sent."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class KeyedProvider:
    """``key`` is the only one that it takes; it answers with its ``name``, and makes vectors of ``dimension``."""

    name: str
    key: str
    dimension: int = 8
    base_url: str = ""
    requests: list[Request] = field(default_factory=list)

    @property
    def keys(self) -> set[str]:
        """The keys that have arrived here."""
        return {request.headers.get("authorization", "") for request in self.requests}

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            body = json.loads(await reader.readexactly(int(headers.get("content-length", "0"))) or b"{}")
            request = Request(first.split(" ")[1], headers, body)
            self.requests.append(request)
            writer.write(self._answer(request))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        finally:
            writer.close()

    def _answer(self, request: Request) -> bytes:
        if request.path not in ("/v1/chat/completions", "/v1/embeddings"):
            return answer(404, b"<h1>Not here</h1>", "text/html")
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return answer(401, b'{"error": {"message": "Incorrect API key", "code": "invalid_api_key"}}')
        if request.body["model"] not in (CHAT, EMBEDDING):
            return answer(404, b'{"error": {"message": "The model does not exist", "code": "model_not_found"}}')
        if request.path == "/v1/embeddings":
            return answer(200, json.dumps(self._vectors(request.body["input"])).encode())
        text = f"This is {self.name}."
        return says(text, model=CHAT) if request.body.get("stream") else says_whole(text, CHAT)

    def _vectors(self, texts: Any) -> dict[str, Any]:
        vector = [1.0] * self.dimension
        data = [{"object": "embedding", "index": at, "embedding": vector} for at in range(len(list(texts)))]
        return {"object": "list", "data": data, "model": EMBEDDING, "usage": {"prompt_tokens": 1, "total_tokens": 1}}


@asynccontextmanager
async def running(name: str) -> AsyncIterator[KeyedProvider]:
    """A server on a free port, until the block ends."""
    provider = KeyedProvider(name, f"sk-0123456789abcdef-of-{name}")
    listening = await asyncio.start_server(provider.handle, "127.0.0.1", 0)
    provider.base_url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    try:
        yield provider
    finally:
        listening.close()
        await listening.wait_closed()
