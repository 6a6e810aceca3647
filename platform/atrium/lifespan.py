"""A server process' start and end (ASGI lifespan protocol)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from assistants.llm.http_clients import close_http_client
from assistants.runs.keeper import Keeper, let_go
from assistants.runs.runner import runner
from assistants.use_cases.runs import CANCEL_CHANNEL
from tenants import hosts, sync_bridge
from tenants.database import in_database
from tenants.hosts import host_map
from tenants.notifications import Listener


async def lifespan(
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    """Start listening for changes; at the end let the runs that are under way finish."""
    listener = Listener()
    listener.on(hosts.CHANNEL, lambda _: host_map.forget())
    listener.on(CANCEL_CHANNEL, _cancel)
    keeper = Keeper()
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            runner.reopen()
            listener.start()
            keeper.start()
            sync_bridge.adopt_loop()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await runner.drain()
            await keeper.stop()
            await in_database(let_go)
            sync_bridge.release_loop()
            await close_http_client()
            await listener.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return


def _cancel(payload: str) -> None:
    """``schema/run id``, from whichever process was asked; empty after a reconnect."""
    runner.cancel(payload.rpartition("/")[2])
