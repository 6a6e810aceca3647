"""HTTP clients that connect to verified addresses only.

The check is where the connection is made: the client's network backend asks the guard for the addresses of the host
and connects to one of these, not to the name. So the name cannot lead elsewhere between check and connection, every
redirect is checked like the first request, and Host, SNI and certificate are the name's.

Both generations of the library are served (the OpenAI SDK is built on ``httpx2``): their backends are alike.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from functools import cache
from types import ModuleType
from typing import Any

import httpx

from tenants.network.guard import Guard, default_guard
from tenants.network.streams import LoopBackend

_KEEPALIVE_SECONDS = 30.0
_CONNECTIONS = 100


def guarded_async_client(
    library: ModuleType = httpx,
    guard: Guard | None = None,
    verify: ssl.SSLContext | None = None,
    client_class: Any = None,
    **options: Any,
) -> Any:
    """An ``AsyncClient`` for addresses that a tenant gave.

    Parameters
    ----------
    library
        ``httpx``, or ``httpx2`` where an SDK wants its clients.
    guard
        What may be reached; the deployment's settings say so by default.
    verify
        Certificates that are trusted; by default the usual ones, or those of ``SSL_CERT_FILE``.
    client_class
        In the place of the library's ``AsyncClient``: a subclass of it.
    **options
        For the client. It follows no redirects and takes nothing from the environment unless they say so.
    """
    transport = library.AsyncHTTPTransport(**_transport_options(library, verify))
    read_directly(transport)
    _connect_through(transport, _AsyncBackend, guard)
    return _client(client_class or library.AsyncClient, transport, options)


def guarded_client(
    library: ModuleType = httpx,
    guard: Guard | None = None,
    verify: ssl.SSLContext | None = None,
    client_class: Any = None,
    **options: Any,
) -> Any:
    """A ``Client`` for addresses that a tenant gave; the parameters are those of ``guarded_async_client``."""
    transport = library.HTTPTransport(**_transport_options(library, verify))
    _connect_through(transport, _Backend, guard)
    return _client(client_class or library.Client, transport, options)


def read_directly(transport: Any) -> None:
    """Have an ``AsyncHTTPTransport`` read from the event loop itself (``streams.py``). One that is built otherwise, as
    one that goes through a proxy is, stays as it is."""
    pool: Any = getattr(transport, "_pool", None)
    if type(pool).__name__ == "AsyncConnectionPool" and hasattr(pool, "_network_backend"):
        pool._network_backend = LoopBackend(pool._network_backend)


@cache
def usual_certificates() -> ssl.SSLContext:
    """The certificates that are trusted. Read once: it takes 20 ms."""
    return httpx.create_ssl_context()


def _client(client_class: Any, transport: Any, options: dict[str, Any]) -> Any:
    return client_class(**{"follow_redirects": False, **options, "transport": transport, "trust_env": False})


def _transport_options(library: ModuleType, verify: ssl.SSLContext | None) -> dict[str, Any]:
    limits = library.Limits(max_connections=_CONNECTIONS, keepalive_expiry=_KEEPALIVE_SECONDS)
    return {"verify": verify or usual_certificates(), "trust_env": False, "limits": limits}


def _connect_through(transport: Any, backend_class: type[_AsyncBackend] | type[_Backend], guard: Guard | None) -> None:
    """Give the transport's pool a guarded backend. Raises where the library has changed: better none than no guard."""
    pool = transport._pool
    if not hasattr(pool._network_backend, "connect_tcp"):
        raise RuntimeError("This version of the HTTP library cannot be guarded.")
    pool._network_backend = backend_class(pool._network_backend, guard)


class _AsyncBackend:
    """An ``AsyncNetworkBackend`` of httpcore that asks the guard first."""

    def __init__(self, inner: Any, guard: Guard | None) -> None:
        self._inner = inner
        self._guard = guard

    async def connect_tcp(self, host: str, port: int, timeout: float | None = None, **options: Any) -> Any:
        guard = self._guard or default_guard()
        addresses = await asyncio.wait_for(asyncio.to_thread(guard.addresses, host, port), timeout)
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._inner.connect_tcp(address, port, timeout=timeout, **options)
            except Exception as error:
                failure = error
        assert failure is not None  # there is at least one address
        raise failure

    async def connect_unix_socket(self, path: str, *args: Any, **options: Any) -> Any:
        raise RuntimeError("A guarded client has no business with a socket of this machine.")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


class _Backend:
    """A ``NetworkBackend`` of httpcore that asks the guard first."""

    def __init__(self, inner: Any, guard: Guard | None) -> None:
        self._inner = inner
        self._guard = guard

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **options: Any) -> Any:
        failure: Exception | None = None
        for address in (self._guard or default_guard()).addresses(host, port):
            try:
                return self._inner.connect_tcp(address, port, timeout=timeout, **options)
            except Exception as error:
                failure = error
        assert failure is not None  # there is at least one address
        raise failure

    def connect_unix_socket(self, path: str, *args: Any, **options: Iterable[Any]) -> Any:
        raise RuntimeError("A guarded client has no business with a socket of this machine.")

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)
