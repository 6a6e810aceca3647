"""Connections that are read on the event loop itself are as good as httpcore's own: on both loops, with TLS or not."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
import uvloop

from tenants.network import read_directly
from tenants.network.streams import LoopBackend, LoopStream
from tests.unit.tenants.test_network_fetch import certificate

LARGE = bytes(range(256)) * 8000  # 2 MB: more than is read ahead
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


class Server:
    """Answers by path; counts connections. ``let_go`` is set by tests that want it to go on."""

    def __init__(self) -> None:
        self.connections = 0
        self.let_go = asyncio.Event()
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = [line for line in head.decode().splitlines() if line.lower().startswith("content-length")]
                sent = await reader.readexactly(int(length[0].split(":")[1])) if length else b""
                if not await self.answer(head.decode().split(" ")[1], sent, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(self, path: str, sent: bytes, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection stays."""
        if path == "/pieces":
            writer.write(HEAD)
            for number in range(50):
                writer.write(b"2\r\n%02d\r\n" % number)
                await writer.drain()
                await asyncio.sleep(0)
            writer.write(b"0\r\n\r\n")
        elif path in ("/large", "/large-and-gone"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(LARGE))
            writer.write(LARGE)
        elif path == "/echo":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(sent) + sent)
        elif path == "/cut":
            writer.write(HEAD + b"2\r\nab\r\n")
        elif path == "/silent":
            writer.write(HEAD + b"2\r\nab\r\n")
            await self.let_go.wait()
        await writer.drain()
        return path in ("/pieces", "/large", "/echo")


@asynccontextmanager
async def serving(tls: ssl.SSLContext | None) -> AsyncIterator[Server]:
    server = Server()
    running = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.port = running.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        server.let_go.set()
        running.close()


@asynccontextmanager
async def client_of(trusted: Any, **options: Any) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.AsyncHTTPTransport(verify=trusted, trust_env=False)
    read_directly(transport)
    async with httpx2.AsyncClient(transport=transport, trust_env=False, **options) as client:
        yield client


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def contexts(request, tmp_path: Path) -> Iterator[tuple[ssl.SSLContext | None, Any]]:
    """Of the server (None: no TLS), and of a client that trusts it."""
    if not request.param:
        yield None, True
        return
    yield certificate("localhost", tmp_path)


@pytest.fixture(params=LOOPS.values(), ids=LOOPS)
def on_loop(request, contexts) -> Callable[..., None]:
    """Runs a test on this loop: ``test(client, server, address)``."""

    def run(test: Callable[..., Awaitable[None]], **options: Any) -> None:
        async def whole() -> None:
            tls, trusted = contexts
            async with serving(tls) as server, client_of(trusted, **options) as client:
                await test(client, server, f"http{'s' if tls else ''}://localhost:{server.port}")

        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(asyncio.wait_for(whole(), 60))

    return run


def test_bodies_come_whole_and_the_connection_is_used_again(on_loop):
    async def bodies(client: Any, server: Server, at: str) -> None:
        async with client.stream("GET", f"{at}/pieces") as response:
            stream = response.extensions["network_stream"]
            assert isinstance(stream, LoopStream)  # else nothing of this file was tried
            assert stream.get_extra_info("server_addr")[1] == server.port
            assert (stream.get_extra_info("ssl_object") is not None) == at.startswith("https")
            assert await response.aread() == b"".join(b"%02d" % number for number in range(50))
        assert (await client.get(f"{at}/large")).content == LARGE
        assert (await client.post(f"{at}/echo", content=LARGE)).content == LARGE
        assert server.connections == 1

    on_loop(bodies)


def test_a_body_that_nobody_takes_is_not_read_on_and_on(on_loop):
    async def slow(client: Any, server: Server, at: str) -> None:
        async with client.stream("GET", f"{at}/large-and-gone") as response:
            taken = b""
            async for part in response.aiter_raw():
                taken += part
                await asyncio.sleep(0)
            assert taken == LARGE

    on_loop(slow)


def test_a_body_that_breaks_off_is_an_error(on_loop):
    async def cut(client: Any, server: Server, at: str) -> None:
        with pytest.raises(httpx2.RemoteProtocolError):
            await client.get(f"{at}/cut")

    on_loop(cut)


def test_a_server_that_falls_silent_is_a_time_out(on_loop):
    async def silent(client: Any, server: Server, at: str) -> None:
        with pytest.raises(httpx2.ReadTimeout):
            await client.get(f"{at}/silent")

    on_loop(silent, timeout=httpx2.Timeout(30, read=0.05))


def test_whoever_gives_up_lets_go_of_the_connection(on_loop):
    async def given_up(client: Any, server: Server, at: str) -> None:
        async with client.stream("GET", f"{at}/silent") as response:
            reading = asyncio.create_task(response.aread())
            await asyncio.sleep(0)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            stream = response.extensions["network_stream"]
        assert stream.get_extra_info("is_readable")  # closed: no request is sent over it again

    on_loop(given_up)


def test_a_certificate_that_is_not_trusted_is_refused(tmp_path):
    async def untrusted() -> None:
        tls, _ = certificate("localhost", tmp_path)
        async with serving(tls) as server, client_of(True) as client:
            with pytest.raises(httpx2.ConnectError) as refused:
                await client.get(f"https://localhost:{server.port}/pieces")
            cause: BaseException | None = refused.value
            while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
                cause = cause.__cause__ or cause.__context__
            assert cause is not None

    for loop in LOOPS.values():
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(asyncio.wait_for(untrusted(), 60))


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_a_proxys_connections_stay_as_they_are(library):
    transport = library.AsyncHTTPTransport(proxy="http://127.0.0.1:9")
    read_directly(transport)
    assert not isinstance(transport._pool._network_backend, LoopBackend)
