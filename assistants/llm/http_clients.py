"""HTTP connections to the model server, which belong to the event loop that opened them.

LangChain keeps one client for the whole process. A process may have several loops: the server's, that of synchronous
callers (``tenants/sync_bridge.py``), one for each ``asyncio.run`` of a script. A connection that was kept alive on
one of them fails on another, or when its loop has ended. So there is a client for each loop behind a common face.
"""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from tenants.network import read_directly

if TYPE_CHECKING:
    from openai import DefaultAsyncHttpxClient

_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, DefaultAsyncHttpxClient] = WeakKeyDictionary()


@cache
def http_client() -> DefaultAsyncHttpxClient:
    """An HTTP client for the OpenAI SDK that may be used on any event loop."""
    from openai import DefaultAsyncHttpxClient  # half a second; an offline deployment never needs it

    class ClientOfTheLoop(DefaultAsyncHttpxClient):
        async def send(self, request: Any, **options: Any) -> Any:
            loop = asyncio.get_running_loop()
            client = _clients.get(loop)
            if client is None:
                client = _clients[loop] = DefaultAsyncHttpxClient()
                read_directly(client._transport)  # a proxy's connections, if there are any, are in its mounts
            return await client.send(request, **options)

    return ClientOfTheLoop()


async def close_http_client() -> None:
    """Close the connections of the running loop, which is about to end."""
    client = _clients.pop(asyncio.get_running_loop(), None)
    if client is not None:
        await client.aclose()
