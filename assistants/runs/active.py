"""A run that this process executes: its events so far, and those who follow them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

from assistants.messages import storable
from assistants.runs.events import Event, EventType


class ActiveRun:
    """Collects a run's events in order. Followers read from any point, each at its own pace; a slow or gone follower
    holds nobody up, because the run never waits for one."""

    def __init__(self, begins_after: int = 0, begins_with: EventType | None = None) -> None:
        self.begins_after = begins_after
        """Events up to this sequence number were made by another process, or before a pause; the log has them."""
        self.begins_with: EventType = begins_with or ("run.restarted" if begins_after else "run.started")
        """The type of the first event."""
        self.events: list[Event] = []
        self.stopped_by = ""
        """Why the run is being stopped: "cancelled" by a person, "handover" to another process; or empty."""
        self.is_ending = False
        """True when nothing more is said, and what came of it is being stored: too late to stop it."""
        self._news = asyncio.Event()
        self._listener: Callable[[Event], None] | None = None

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Call ``listener`` with each event from now on: the log."""
        self._listener = listener

    def stop_listening(self) -> None:
        """Call nobody any more."""
        self._listener = None

    @property
    def last_sequence(self) -> int:
        """The sequence number of the latest event."""
        return self.begins_after + len(self.events)

    def has_more_after(self, after: int) -> bool:
        """True when an event with a number above ``after`` is here, or may still come."""
        return not self.is_over or self.last_sequence > after

    @property
    def is_over(self) -> bool:
        """True when the last event is a final one."""
        return bool(self.events) and self.events[-1].is_final

    def emit(self, type: EventType, payload: dict[str, Any]) -> Event:
        """Add an event and wake the followers."""
        event = Event(self.last_sequence + 1, type, storable(payload))
        self.events.append(event)
        if self._listener is not None:
            self._listener(event)
        news, self._news = self._news, asyncio.Event()
        news.set()
        return event

    async def follow(self, after: int = 0) -> AsyncGenerator[Event]:
        """The events of this process with a sequence number above ``after``, as they come, until the final one."""
        position = max(0, after - self.begins_after)
        while True:
            news = self._news
            while position < len(self.events):
                event = self.events[position]
                position += 1
                yield event
                if event.is_final:
                    return
            await news.wait()

    async def last(self) -> Event:
        """The final event, when it has come."""
        while not self.is_over:
            await self._news.wait()
        return self.events[-1]
