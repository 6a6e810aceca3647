"""A run that this process executes: its events so far, and those who follow them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from assistants.messages import storable
from assistants.runs.events import Event, EventType


class ActiveRun:
    """Collects a run's events in order. Followers read from any point, each at its own pace; a slow or gone follower
    holds nobody up, because the run never waits for one."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._news = asyncio.Event()

    @property
    def is_over(self) -> bool:
        """True when the last event is a final one."""
        return bool(self.events) and self.events[-1].is_final

    def emit(self, type: EventType, payload: dict[str, Any]) -> Event:
        """Add an event and wake the followers."""
        event = Event(len(self.events) + 1, type, storable(payload))
        self.events.append(event)
        news, self._news = self._news, asyncio.Event()
        news.set()
        return event

    async def follow(self, after: int = 0) -> AsyncGenerator[Event]:
        """The events with a sequence number above ``after``, as they come, until the final one."""
        while True:
            news = self._news
            while after < len(self.events):
                event = self.events[after]
                after += 1
                yield event
                if event.is_final:
                    return
            await news.wait()

    async def last(self) -> Event:
        """The final event, when it has come."""
        while not self.is_over:
            await self._news.wait()
        return self.events[-1]
