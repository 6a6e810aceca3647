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
        """Why the run is being stopped: "cancelled" by a person, "handover" to another process, "lost" to one; or
        empty."""
        self.is_ending = False
        """True when nothing more is said, and what came of it is being stored: too late to stop it."""
        self.has_moved = False
        """Another process goes on with it; what follows is in the log."""
        self._news: asyncio.Event | None = None  # what those wait for who have heard all
        self._listener: Callable[[Event], None] | None = None

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Call ``listener`` with each event from now on: the log."""
        self._listener = listener

    def stop_listening(self) -> None:
        """Call nobody any more."""
        self._listener = None

    def hand_over(self) -> None:
        """Another process goes on with the run: followers are sent to the log."""
        self.stop_listening()
        self.has_moved = True
        self._wake()

    @property
    def last_sequence(self) -> int:
        """The sequence number of the latest event."""
        return self.begins_after + len(self.events)

    def has_more_after(self, after: int) -> bool:
        """True when an event with a number above ``after`` is here, or may still come."""
        return not self.has_moved and (not self.is_over or self.last_sequence > after)

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
        self._wake()
        return event

    async def follow(self, after: int = 0) -> AsyncGenerator[Event]:
        """The events of this process with a sequence number above ``after``, as they come, until the final one, or
        until the run goes on in another process."""
        position = max(0, after - self.begins_after)
        while True:
            while position < len(self.events):
                event = self.events[position]
                position += 1
                yield event
                if event.is_final:
                    return
            if self.has_moved:
                return
            await self._more()

    async def last(self) -> Event | None:
        """The final event, when it has come; None where the run goes on in another process."""
        while not (self.is_over or self.has_moved):
            await self._more()
        return self.events[-1] if self.is_over else None

    async def _more(self) -> None:
        """Return when something has happened since now."""
        self._news = self._news or asyncio.Event()
        await self._news.wait()

    def _wake(self) -> None:
        news, self._news = self._news, None
        if news is not None:
            news.set()
