"""Connections that cost little to read from: a stream for httpcore on the event loop's own transport.

A model's reply comes in hundreds of small pieces. httpcore reads each through anyio, with a cancel scope and two
changes of the loop's selector: with hundreds of replies at once, that alone was an eighth of what a process has. Here a
piece is taken where the loop puts it. Connecting is still httpcore's: names, addresses, options and time-outs are its
own, and where it has changed inside, its own stream is used: slower, and as good.
"""

from __future__ import annotations

import asyncio
import select
import ssl
from collections import deque
from importlib import import_module
from typing import Any

_MOST_WAITING = 256 * 1024  # bytes that are read ahead of whoever takes them


class LoopBackend:
    """An ``AsyncNetworkBackend`` of httpcore: connects through ``inner``, and reads and writes for itself."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        # Two generations of the library are about, each with errors of its own.
        self._errors = import_module(type(inner).__module__.partition(".")[0])

    async def connect_tcp(self, host: str, port: int, timeout: float | None = None, **options: Any) -> Any:
        """A connection; ``timeout`` in seconds."""
        stream = await self._inner.connect_tcp(host, port, timeout=timeout, **options)
        transport = _fresh_transport(stream)
        return stream if transport is None else LoopStream(transport, _taken_over(transport), self._errors)

    async def connect_unix_socket(self, *args: Any, **options: Any) -> Any:
        """As ``inner`` does it."""
        return await self._inner.connect_unix_socket(*args, **options)

    async def sleep(self, seconds: float) -> None:
        """As ``inner`` does it."""
        await self._inner.sleep(seconds)


def _fresh_transport(stream: Any) -> Any:
    """The loop's transport below httpcore's stream, if nothing has come over it yet; None where it is not found."""
    socket_stream = getattr(stream, "_stream", None)
    transport: Any = getattr(socket_stream, "_transport", None)
    protocol: Any = getattr(socket_stream, "_protocol", None)
    if not (hasattr(transport, "set_protocol") and hasattr(protocol, "read_queue")) or transport.is_closing():
        return None
    return None if protocol.read_queue or protocol.is_at_eof else transport


def _taken_over(transport: Any) -> _Arrivals:
    arrivals = _Arrivals()
    arrivals.connection_made(transport)
    transport.set_protocol(arrivals)
    transport.resume_reading()
    return arrivals


class _Arrivals(asyncio.Protocol):
    """Keeps what has come over a transport until it is taken."""

    def __init__(self, is_tls: bool = False) -> None:
        self.waiting: deque[bytes] = deque()
        self.has_ended = False
        self.error: Exception | None = None
        self._is_tls = is_tls
        self._size = 0
        self._is_held = False
        self._transport: Any = None
        self._reader: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop: this is what is read."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        self.waiting.append(bytes(data))
        self._size += len(data)
        if self._size > _MOST_WAITING and not self._is_held:
            self._is_held = True
            self._transport.pause_reading()
        self._wake_reader()

    def eof_received(self) -> bool:
        """Called by the loop. The other side says no more; what we still say may go out, but not over TLS."""
        self.has_ended = True
        self._wake_reader()
        return not self._is_tls

    def connection_lost(self, error: Exception | None) -> None:
        """Called by the loop."""
        self.has_ended, self.error = True, error
        self._wake_reader()
        self.resume_writing()

    def pause_writing(self) -> None:
        """Called by the loop: what was written is not all gone yet."""
        if self._room is None:
            self._room = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """Called by the loop."""
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)

    def take(self, most: int) -> bytes:
        """The next piece, of at most so many bytes; there must be one."""
        piece = self.waiting.popleft()
        if len(piece) > most:
            self.waiting.appendleft(piece[most:])
            piece = piece[:most]
        self._size -= len(piece)
        if self._is_held and not self.waiting:
            self._is_held = False
            self._transport.resume_reading()
        return piece

    async def news(self, seconds: float | None) -> None:
        """Return when something has come, or nothing more will. Raises ``TimeoutError``."""
        loop = asyncio.get_running_loop()
        reader = self._reader = loop.create_future()
        timer = None if seconds is None else loop.call_later(seconds, _time_out, reader)
        try:
            await reader
        finally:
            self._reader = None
            if timer is not None:
                timer.cancel()

    async def written(self) -> None:
        """Return when what was written has gone out, or cannot."""
        while self._room is not None:
            await asyncio.shield(self._room)

    def _wake_reader(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


def _time_out(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_exception(TimeoutError())


class LoopStream:
    """An ``AsyncNetworkStream`` of httpcore. ``errors`` is the library whose errors it raises."""

    def __init__(self, transport: Any, arrivals: _Arrivals, errors: Any) -> None:
        self._transport = transport
        self._arrivals = arrivals
        self._errors = errors
        self._is_closed = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What has come, or nothing at the end. Raises ``ReadTimeout`` (after seconds), ``ReadError``."""
        arrivals = self._arrivals
        if not arrivals.waiting and not arrivals.has_ended and not self._is_closed:
            try:
                await arrivals.news(timeout)
            except TimeoutError as error:
                raise self._errors.ReadTimeout from error
        if arrivals.waiting:
            return arrivals.take(max_bytes)
        if arrivals.error is not None or self._is_closed:
            raise self._errors.ReadError(str(arrivals.error or "The connection is closed.")) from arrivals.error
        return b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send it. Raises ``WriteTimeout`` (after seconds), ``WriteError``."""
        if not buffer:
            return
        self._check_writable()
        try:
            self._transport.write(buffer)
            async with asyncio.timeout(timeout):
                await self._arrivals.written()
        except TimeoutError as error:
            raise self._errors.WriteTimeout from error
        except (OSError, RuntimeError) as error:
            raise self._errors.WriteError(str(error)) from error
        self._check_writable()

    def _check_writable(self) -> None:
        error = self._arrivals.error
        if self._is_closed or error is not None or self._transport.is_closing():
            raise self._errors.WriteError(str(error or "The connection is closed.")) from error

    async def aclose(self) -> None:
        """Let go of the connection at once."""
        self._is_closed = True
        self._transport.abort()
        await asyncio.sleep(0)

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> LoopStream:
        """The same connection over TLS. Raises ``ConnectTimeout``, and ``ConnectError`` for what is not trusted."""
        arrivals = _Arrivals(is_tls=True)
        try:
            async with asyncio.timeout(timeout):
                transport = await asyncio.get_running_loop().start_tls(
                    self._transport, arrivals, ssl_context, server_hostname=server_hostname
                )
            if transport is None:  # closed in the meantime
                raise ConnectionResetError
        except TimeoutError as error:
            await self.aclose()
            raise self._errors.ConnectTimeout from error
        except OSError as error:  # ssl.SSLError is one
            await self.aclose()
            raise self._errors.ConnectError(str(error)) from error
        except BaseException:
            await self.aclose()
            raise
        arrivals.connection_made(transport)
        return LoopStream(transport, arrivals, self._errors)

    def get_extra_info(self, info: str) -> Any:
        """What httpcore and its callers ask of a connection; None for what is not known."""
        if info == "is_readable":
            return self._is_readable()
        names = {"client_addr": "sockname", "server_addr": "peername", "ssl_object": "ssl_object", "socket": "socket"}
        return self._transport.get_extra_info(names[info]) if info in names else None

    def _is_readable(self) -> bool:
        """True where something has come that nobody waits for: the end, of a connection that is kept for later."""
        if self._arrivals.waiting or self._arrivals.has_ended or self._transport.is_closing():
            return True
        connected = self._transport.get_extra_info("socket")
        if connected is None or connected.fileno() < 0:
            return True
        poll = select.poll()
        poll.register(connected.fileno(), select.POLLIN)
        return bool(poll.poll(0))
