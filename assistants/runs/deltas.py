"""Pieces of text put together into events: a long answer is tens of events, not one for each token.

The first piece goes out at once. After that, pieces are gathered for a window that grows, so that the beginning is
quick to appear and a long answer is cheap: 10 seconds of text make about 45 events.
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
        self._began = False
        self.text = ""
        """All that was handed on so far."""

    def add(self, piece: str) -> None:
        """Take a piece of text."""
        self._pieces.append(piece)
        if not self._began:
            self._began = True
            self.flush()
        elif self._timer is None:
            window = WINDOWS[min(self._window, len(WINDOWS) - 1)]
            self._window += 1
            self._timer = asyncio.get_running_loop().call_later(window, self.flush)

    def flush(self) -> None:
        """Hand on what was gathered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._pieces:
            text, self._pieces = "".join(self._pieces), []
            self.text += text
            self._emit(text)
