"""Which Chromium the tests drive: the system's if there is one, else Playwright's own. One runs for many tests."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright._impl._driver import compute_driver_executable, get_driver_env  # what ``python -m playwright`` starts
from playwright.async_api import Browser

from tests.browser.direct import browser_at

SYSTEM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def system_chromium() -> str | None:
    """The system's Chromium, or None: Playwright then takes the one that it has installed."""
    return str(SYSTEM) if SYSTEM.exists() else None


class Chromium:
    """A browser that stays, because to start one takes longer than most tests. Whoever connects sees no other's
    contexts, and leaves none behind. After a crash the next one who connects gets a new browser."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        """``folder`` is empty, and keeps what it takes to start: the command's options and what it says."""
        self._options, self._said = folder / "options.json", folder / "said.txt"
        options = {"headless": True, "args": [*ARGUMENTS, *arguments]}
        own = system_chromium()
        self._options.write_text(json.dumps({**options, "executablePath": own} if own else options))
        self._process: subprocess.Popen[str] | None = None
        self._address = ""

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Browser]:
        """The browser, for the event loop that runs."""
        if self._process is None or self._process.poll() is not None:
            self._start()
        async with browser_at(self._address) as browser:
            yield browser

    def stop(self) -> None:
        """End it; it ends its own processes."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            assert self._process.stdout
            self._process.stdout.close()

    def _start(self) -> None:
        """Start it, and wait for the line with its address."""
        self.stop()
        command = [*compute_driver_executable(), "launch-server", "--browser", "chromium", "--config", self._options]
        with self._said.open("w") as said:
            self._process = subprocess.Popen(
                command, env=get_driver_env(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, text=True
            )
        assert self._process.stdout
        self._address = self._process.stdout.readline().strip()
        assert self._address.startswith("ws://"), f"{self._address}{self._said.read_text()}"
