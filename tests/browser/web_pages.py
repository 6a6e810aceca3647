"""Web pages of strangers, for the browser: any host below ``localhost`` at one port, each an origin of its own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from tests.prompt_server import PromptServer

SHELL = "<!doctype html><html lang='en'><meta charset='utf-8'><title>A page</title>"


class WebPages:
    """What is served: by path, the same at every host."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._pages: dict[str, tuple[str, dict[str, str]]] = {}

    def put(self, path: str, body: str, **headers: str) -> None:
        """Serve a page from now on; ``headers`` with _ for -."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        self._pages[path] = (f"{SHELL}{body}", sent)

    def put_text(self, path: str, text: str) -> None:
        """Serve a text as it is."""
        self._pages[path] = (text, {"content-type": "text/plain"})

    def origin(self, host: str) -> str:
        return f"http://{host}.localhost:{self.port}"

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        body, headers = self._pages.get(scope["path"], ("", {}))
        sent = {"content-type": "text/html", **headers}
        raw = [(name.encode(), text.encode()) for name, text in sent.items()]
        await send({"type": "http.response.start", "status": 200 if body else 204, "headers": raw})
        await send({"type": "http.response.body", "body": body.encode()})


@asynccontextmanager
async def serving(port: int = 0) -> AsyncIterator[WebPages]:
    """A server in this loop, on a port that is free if none is named."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    pages = WebPages(listening.getsockname()[1])
    running = PromptServer(uvicorn.Config(pages, log_config=None, lifespan="off"))
    task = asyncio.create_task(running.serve(sockets=[listening]))
    while not running.started:
        await asyncio.sleep(0.001)
    yield pages
    running.told_to_end.set()
    await task
    listening.close()
