"""A browser that runs already, spoken to without a driver between.

Playwright starts a program of its own for each event loop, its driver, and each test has a loop of its own: 0.4 s of
CPU a test. To a browser that has been started as a server the driver only hands messages on. Here they go to the
browser's web socket themselves, in the way of Playwright's own ``connect``, whose parts these are.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright._impl.browser import Browser as BrowserWithin
from playwright._impl.connection import Connection
from playwright._impl.utils.tasks import wait_for_next_task
from playwright.async_api import Browser
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed


@asynccontextmanager
async def browser_at(address: str) -> AsyncIterator[Browser]:
    """The browser whose server listens at ``address``, for the event loop that runs."""
    # Messages are as large as pages and pictures are, and a test that holds up the loop is no sign of a dead browser.
    async with connect(address, proxy=None, compression=None, max_size=None, ping_interval=None) as socket:
        connection = Connection(asyncio.get_running_loop())
        connection.mark_as_remote()
        waiting: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        connection.onmessage = waiting.put_nowait
        talking = [asyncio.create_task(_send(waiting, socket)), asyncio.create_task(_dispatch(socket, connection))]
        try:
            yield Browser(await _found(connection))
            connection.close()
        finally:
            for task in talking:
                task.cancel()
            await asyncio.wait(talking)


async def _found(connection: Connection) -> BrowserWithin:
    playwright = await connection.initialize_playwright()
    browser = playwright._pre_launched_browser()
    assert isinstance(browser, BrowserWithin)
    return browser


async def _send(waiting: asyncio.Queue[dict[str, Any]], socket: ClientConnection) -> None:
    """One after the other: an action is sent before the one that the test asks for next."""
    while True:
        await socket.send(json.dumps(await waiting.get(), allow_nan=False))


async def _dispatch(socket: ClientConnection, connection: Connection) -> None:
    """What the browser says, until it falls silent; whoever waits for an answer then is told so."""
    try:
        async for message in socket:
            try:
                connection.dispatch(json.loads(message))
            except Exception as error:  # of a listener that the test has put on a page
                connection._on_event_listener_error(error)
            await wait_for_next_task()
    except ConnectionClosed:
        pass
    finally:
        connection.close("The browser is gone.")
