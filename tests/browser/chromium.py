"""Which Chromium the tests drive: the system's if there is one, else Playwright's own."""

from __future__ import annotations

from pathlib import Path

SYSTEM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def system_chromium() -> str | None:
    """The system's Chromium, or None: Playwright then takes the one that it has installed."""
    return str(SYSTEM) if SYSTEM.exists() else None
