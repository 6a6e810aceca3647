"""Sees to it that there is a Chromium for the browser tests: ``python -m tests.browser.install``.

The system's is taken if it is there. Otherwise Debian's package is installed where that is possible (root, and
apt-get), else Playwright's own download. One line says what was found or done; a failure ends with exit code 1.
"""

# ruff: noqa: T201 - it is run by make, and says what it did

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.chromium import SYSTEM

ADVICE = "install Debian's package 'chromium', or run: python -m playwright install --with-deps chromium"


def main() -> int:
    """Find or install. Returns the exit code."""
    found = find()
    if found:
        print(f"Browser for the tests: {found}")
        return 0
    said = install()
    found = find()
    if found:
        print(f"Browser for the tests: {found} (just installed)")
        return 0
    last = said.strip().splitlines()[-1:] or ["no reason was given"]
    print(f"No Chromium for the browser tests, and none could be installed ({last[0]}): {ADVICE}", file=sys.stderr)
    return 1


def find() -> Path | None:
    """The browser that is there already."""
    if SYSTEM.exists():
        return SYSTEM
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    return own if own.exists() else None


def install() -> str:
    """Try the ways that there are, until one works. Returns what the last one said."""
    said = ""
    for command in ways():
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=quiet_environment())
        said = done.stderr or done.stdout
        if done.returncode == 0 and find():
            return said
    return said


def ways() -> list[list[str]]:
    """The commands, best first. A package list may be missing or old, so that the second try fetches it."""
    own = [sys.executable, "-m", "playwright", "install", "chromium"]
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return [own]
    package = ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]
    return [package, ["apt-get", "update"], package, own]


def quiet_environment() -> dict[str, str]:
    """apt-get must not ask."""
    return {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}


if __name__ == "__main__":
    sys.exit(main())
