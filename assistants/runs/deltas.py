"""Pieces of text put together into events: a long answer is tens of events, not one for each token.

The first piece goes out at once, and so does one that comes alone. Pieces that follow each other closely are gathered
for a window that grows, so that the beginning is quick to appear and a long answer is cheap: 10 seconds of text make
about 45 events.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

WINDOWS = (0.03, 0.06, 0.12, 0.25)  # seconds; the last one stays


class DeltaGatherer:
    """Gathers text and hands it on in larger pieces, in order."""

    def __init__(self, emit: Callable[[str], None]) -> None:
        self._emit = emit
        self._pieces: list[str] = []
        self._window = 0
        self._timer: asyncio.TimerHandle | None = None
        self._handed_on_at: float | None = None  # on the event loop's clock
        self.text = ""
        """All that was handed on so far."""

    def add(self, piece: str) -> None:
        """Take a piece of text."""
        self._pieces.append(piece)
        if self._timer is not None:
            return
        if self._handed_on_at is None:
            self.flush()
            return
        loop = asyncio.get_running_loop()
        window = WINDOWS[min(self._window, len(WINDOWS) - 1)]
        self._window += 1
        if loop.time() - self._handed_on_at >= window:
            self.flush()
        else:
            self._timer = loop.call_later(window, self.flush)

    def flush(self) -> None:
        """Hand on what was gathered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._pieces:
            self._handed_on_at = asyncio.get_running_loop().time()
            text, self._pieces = "".join(self._pieces), []
            self.text += text
            self._emit(text)
