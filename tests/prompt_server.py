"""uvicorn, which ends when it is told to: a tenth of a second each time would be minutes of all the tests."""

from __future__ import annotations

import asyncio
import socket

import uvicorn


class PromptServer(uvicorn.Server):
    """Does what uvicorn does, and does not sleep over it: uvicorn looks ten times a second whether it is to end, and
    then whether its connections and their tasks have come to an end."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.told_to_end = asyncio.Event()

    async def main_loop(self) -> None:
        """Until it is told to end."""
        await self.on_tick(0)  # makes the headers of the first second
        ticking = asyncio.create_task(super().main_loop())
        await self.told_to_end.wait()
        ticking.cancel()
        await asyncio.wait([ticking])

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept nobody, let whoever is there finish, and then tell the application."""
        for server in self.servers:
            server.close()
        for each in sockets or []:
            each.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.connections or self.server_state.tasks:
            await asyncio.sleep(0.001)
        for server in self.servers:
            await server.wait_closed()
        await self.lifespan.shutdown()
