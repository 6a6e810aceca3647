"""A person in a thread, over HTTP."""

from __future__ import annotations

from typing import Any

import httpx

from tests.sse import read_events


class Chat:
    """A thread that an assistant answers in."""

    def __init__(self, client: httpx.AsyncClient, assistant_id: str, thread_id: str) -> None:
        self.client = client
        self.assistant_id = assistant_id
        self.thread_id = thread_id
        self.url = f"/api/threads/{thread_id}/messages/"

    @classmethod
    async def begin(cls, client: httpx.AsyncClient, assistant: Any) -> Chat:
        """A new thread."""
        thread = (await client.post("/api/threads/", json={})).json()
        return cls(client, assistant.id, thread["id"])

    async def ask(self, content: str = "How is it in Oslo?", **headers: str) -> httpx.Response:
        body = {"assistant_id": self.assistant_id, "content": content}
        return await self.client.post(self.url, json=body, headers=headers)

    async def stream(self, content: str = "How is it in Oslo?") -> list[Any]:
        return read_events((await self.ask(content, Accept="text/event-stream")).text)

    async def messages(self) -> list[dict[str, Any]]:
        return (await self.client.get(self.url)).json()
