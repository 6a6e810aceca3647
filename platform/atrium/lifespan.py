"""A server process' start and end (ASGI lifespan protocol)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from assistants.runs.runner import runner
from tenants import hosts
from tenants.hosts import host_map
from tenants.notifications import Listener


async def lifespan(
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    """Start listening for changes; at the end let the runs that are under way finish."""
    listener = Listener()
    listener.on(hosts.CHANNEL, lambda _: host_map.forget())
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            listener.start()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await runner.drain()
            await listener.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return
