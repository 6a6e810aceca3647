"""PostgreSQL's NOTIFY, heard by a server process: how processes tell one another that something changed.

One connection a process listens on all channels. It is outside the pool: it is held for the life of the process.

A connection can go silent without ending (a machine in between that is gone, a backend that hangs), and silence looks
like nothing having changed. So PostgreSQL is asked for a sign of life every ``PULSE`` seconds; where none comes, the
connection is hung up on and made anew. ``Heard`` is how long what was kept may be trusted.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import psycopg
from django.db import connection
from psycopg import sql

log = logging.getLogger(__name__)

RECONNECT_AFTER = 1.0  # seconds
PULSE = 10.0  # seconds between two signs of life
PATIENCE = 5.0  # seconds in which a sign of life has to come
TRUST = 30.0  # seconds after a sign of life in which silence means that nothing has changed
SIGN_OF_LIFE = "SELECT 'atrium listens'"  # so that it is known in pg_stat_activity

Callback = Callable[[str], None]


class Heard:
    """Whether this process would have heard of a change: what it keeps is as good as read now. For one listener."""

    def __init__(self) -> None:
        self._until = 0.0

    def __bool__(self) -> bool:
        return time.monotonic() < self._until

    def connected(self) -> None:
        """Everything is heard from now on; what came before may have been missed."""
        self.alive(time.monotonic())

    def alive(self, at: float) -> None:
        """The connection lived at ``at`` (``time.monotonic``), and all that came until then was passed on."""
        self._until = at + TRUST

    def lost(self) -> None:
        """Nothing is heard from now on."""
        self._until = 0.0


class Keeps(ABC):
    """Keeps something that was read, until it hears that it changed."""

    def __init__(self) -> None:
        self._hears = Heard()

    @abstractmethod
    def forget(self, schema_name: str = "") -> None:
        """Something changed for a tenant, or ("") for any: read again at the next question, also what is being read
        right now."""

    def heard(self, payload: str) -> None:
        """A notification came: a tenant's schema, or "" after each (re)connect, where some may have been missed."""
        self.forget(payload)
        if not payload:
            self._hears.connected()

    def alive(self, at: float) -> None:
        """The connection lived at ``at`` (``time.monotonic``), and all that came until then was passed on."""
        self._hears.alive(at)

    def deaf(self) -> None:
        """Nothing is heard from now on."""
        self._hears.lost()
        self.forget()


class Listener:
    """Calls back when a notification arrives, and once after each (re)connect, because some may have been missed."""

    def __init__(self) -> None:
        self._callbacks: dict[str, list[Callback]] = {}
        self._when_deaf: list[Callable[[], None]] = []
        self._when_alive: list[Callable[[float], None]] = []
        self._task: asyncio.Task[None] | None = None

    def on(self, channel: str, callback: Callback) -> None:
        """Call ``callback(payload)`` on the event loop for each notification; the payload is "" after a reconnect."""
        self._callbacks.setdefault(channel, []).append(callback)

    def tell(self, channel: str, keeps: Keeps) -> None:
        """Tell ``keeps`` what is heard on the channel, and for how long it may trust that it hears."""
        self.on(channel, keeps.heard)
        self.on_pulse(keeps.alive)
        self.on_silence(keeps.deaf)

    def on_silence(self, callback: Callable[[], None]) -> None:
        """Call ``callback()`` when nothing is heard any more: the connection is lost, or the listener was stopped."""
        self._when_deaf.append(callback)

    def on_pulse(self, callback: Callable[[float], None]) -> None:
        """Call ``callback(at)`` when the connection has shown that it lived at ``at`` (``time.monotonic``)."""
        self._when_alive.append(callback)

    def start(self) -> None:
        """Begin to listen, in the running event loop."""
        self._task = asyncio.create_task(self._run(), name="atrium-listener")

    async def stop(self) -> None:
        """Stop listening and close the connection."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except psycopg.Error as error:
                log.warning("listener lost its connection, trying again", extra={"error": type(error).__name__})
            await asyncio.sleep(RECONNECT_AFTER)

    async def _listen(self) -> None:
        async with await psycopg.AsyncConnection.connect(**connection_parameters(), autocommit=True) as listening:
            for channel in self._callbacks:
                await listening.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            try:
                for channel in self._callbacks:
                    self._call(channel, "")
                while True:
                    await self._pass_on(listening, PULSE)
                    at = time.monotonic()
                    await _sign_of_life(listening)
                    await self._pass_on(listening, 0)  # what came beside the sign
                    for callback in self._when_alive:
                        callback(at)
            finally:
                for when_deaf in self._when_deaf:
                    when_deaf()

    async def _pass_on(self, listening: psycopg.AsyncConnection[Any], seconds: float) -> None:
        async for notification in listening.notifies(timeout=seconds):
            self._call(notification.channel, notification.payload)

    def _call(self, channel: str, payload: str) -> None:
        for callback in self._callbacks.get(channel, ()):
            try:
                callback(payload)
            except Exception:  # one deaf part must not silence the others
                log.exception("a listener's callback failed", extra={"channel": channel})


async def _sign_of_life(listening: psycopg.AsyncConnection[Any]) -> None:
    """Return when PostgreSQL has answered. Raises ``psycopg.OperationalError`` after ``PATIENCE`` seconds without."""
    watch = asyncio.get_running_loop().call_later(PATIENCE, _hang_up, listening)
    try:
        await listening.execute(SIGN_OF_LIFE)
    finally:
        watch.cancel()


def _hang_up(listening: psycopg.AsyncConnection[Any]) -> None:
    """End the connection from outside: cancelling the wait would wait for the server that does not answer."""
    with socket.socket(fileno=os.dup(listening.fileno())) as link:
        link.shutdown(socket.SHUT_RDWR)


def connection_parameters() -> dict[str, Any]:
    """How psycopg reaches the database, for connections outside of the pool."""
    parameters = connection.get_connection_params()
    for not_for_libpq in ("cursor_factory", "context", "prepare_threshold", "autocommit"):
        parameters.pop(not_for_libpq, None)
    return parameters
