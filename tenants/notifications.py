"""PostgreSQL's NOTIFY, heard by a server process: how processes tell one another that something changed.

One connection a process listens on all channels. It is outside the pool: it is held for the life of the process.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import psycopg
from django.db import connection
from psycopg import sql

log = logging.getLogger(__name__)

RECONNECT_AFTER = 1.0  # seconds

Callback = Callable[[str], None]


class Listener:
    """Calls back when a notification arrives, and once after each (re)connect, because some may have been missed."""

    def __init__(self) -> None:
        self._callbacks: dict[str, list[Callback]] = {}
        self._when_deaf: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None

    def on(self, channel: str, callback: Callback) -> None:
        """Call ``callback(payload)`` on the event loop for each notification; the payload is "" after a reconnect."""
        self._callbacks.setdefault(channel, []).append(callback)

    def on_silence(self, callback: Callable[[], None]) -> None:
        """Call ``callback()`` when nothing is heard any more: the connection is lost, or the listener was stopped."""
        self._when_deaf.append(callback)

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
                async for notification in listening.notifies():
                    self._call(notification.channel, notification.payload)
            finally:
                for callback in self._when_deaf:
                    callback()

    def _call(self, channel: str, payload: str) -> None:
        for callback in self._callbacks.get(channel, ()):
            try:
                callback(payload)
            except Exception:  # one deaf part must not silence the others
                log.exception("a listener's callback failed", extra={"channel": channel})


def connection_parameters() -> dict[str, Any]:
    """How psycopg reaches the database, for connections outside of the pool."""
    parameters = connection.get_connection_params()
    for not_for_libpq in ("cursor_factory", "context", "prepare_threshold", "autocommit"):
        parameters.pop(not_for_libpq, None)
    return parameters
