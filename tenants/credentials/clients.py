"""HTTP clients for tenants' providers: guarded, and of one version of one credential each.

An SDK keeps the client that it was given, and a process may have several event loops whose connections do not mix. So
what the SDK gets is a face behind which each loop has a client of its own.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Mapping
from functools import cache, partial
from importlib import import_module
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from django.conf import settings

from tenants.credentials.in_force import Identity
from tenants.network import guarded_async_client, guarded_client

MOST_KEPT = 200  # credentials with clients in one process
_closing: set[asyncio.Task[None]] = set()


class ProviderClients:
    """``asynchronous`` and ``synchronous``: what the OpenAI SDK takes as its HTTP clients."""

    def __init__(self) -> None:
        library = _sdk_library()
        self.synchronous = guarded_client(library)
        self.asynchronous = guarded_async_client(library, client_class=_face(library))
        self._of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, Any] = WeakKeyDictionary()
        self.asynchronous.of_running_loop = self._of_running_loop
        _all.add(self)

    def _of_running_loop(self) -> Any:
        loop = asyncio.get_running_loop()
        client = self._of_loops.get(loop)
        if client is None:
            client = self._of_loops[loop] = guarded_async_client(_sdk_library())
        return client

    async def close(self) -> None:
        """Close the connections of the running loop."""
        client = self._of_loops.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()

    def retire(self) -> None:
        """Let go of all connections, and close them when the answers that are being given over them have ended."""
        for loop in list(self._of_loops):
            client = self._of_loops.pop(loop, None)
            if client is not None and not loop.is_closed():
                _retired.setdefault(loop, []).append(client)
                close = partial(_close_soon, loop, client)
                loop.call_soon_threadsafe(loop.call_later, settings.ATRIUM_RUN_TIMEOUT, close)


_all: WeakSet[ProviderClients] = WeakSet()
_retired: WeakKeyDictionary[asyncio.AbstractEventLoop, list[Any]] = WeakKeyDictionary()
_kept: OrderedDict[tuple[str, int], tuple[int, ProviderClients]] = OrderedDict()
_lock = threading.Lock()


def clients_of(identity: Identity) -> ProviderClients:
    """The clients of this version of a credential. Those of another version are closed before long."""
    schema, credential, version = identity
    with _lock:
        kept = _kept.get((schema, credential))
        if kept is None or kept[0] != version:
            if kept is not None:
                kept[1].retire()
            kept = _kept[schema, credential] = (version, ProviderClients())
            if len(_kept) > MOST_KEPT:
                _kept.popitem(last=False)[1][1].retire()
        _kept.move_to_end((schema, credential))
        return kept[1]


async def close_provider_clients() -> None:
    """Close the connections of the running loop, which is about to end."""
    for clients in list(_all):
        await clients.close()
    for client in _retired.pop(asyncio.get_running_loop(), []):
        await client.aclose()


def forget_the_deployment(headers: Mapping[str, str] | None, *sdk_clients: Any) -> None:
    """Have the OpenAI SDK's clients send ``headers`` and nothing that they took from this process' environment: the
    organisation, the project and the further headers there are the operator's."""
    for client in sdk_clients:
        client.organization = client.project = client.admin_api_key = None
        client._custom_headers = dict(headers or {})


def _close_soon(loop: asyncio.AbstractEventLoop, client: Any) -> None:
    waiting = _retired.get(loop, [])
    if client not in waiting:
        return  # the server's end has come first
    waiting.remove(client)
    task = loop.create_task(client.aclose())
    _closing.add(task)
    task.add_done_callback(_closing.discard)


@cache
def _sdk_library() -> ModuleType:
    """The HTTP library that the OpenAI SDK is built on: it has changed that once."""
    from openai import DefaultAsyncHttpxClient

    [client] = [each for each in DefaultAsyncHttpxClient.__mro__ if each.__name__ == "AsyncClient"]
    return import_module(client.__module__.partition(".")[0])


@cache
def _face(library: ModuleType) -> Any:
    class ClientOfTheLoop(library.AsyncClient):  # type: ignore[name-defined,misc]
        async def send(self, request: Any, **options: Any) -> Any:
            return await self.of_running_loop().send(request, **options)

    return ClientOfTheLoop
