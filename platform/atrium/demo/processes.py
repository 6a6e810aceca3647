"""The demo's child processes: started, watched, and stopped together."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from django.conf import settings

from atrium.demo.bootstrap import leave_if_asked
from atrium.env import child_environment

STARTUP_TIMEOUT = 60.0  # seconds
STOP_TIMEOUT = 35.0  # seconds; running answers get 30


class ChildEnded(Exception):
    """A child process ended on its own."""


class Children:
    """Child processes in sessions of their own: Ctrl-C reaches the parent only, which stops them in order."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *arguments: str) -> None:
        """Start ``python <arguments>`` with its output in ``logs/<name>.log``."""
        path = f"{settings.BASE_DIR / 'platform'}:{settings.BASE_DIR}"
        with (self._logs / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(  # noqa: S603  our own interpreter and modules
                [sys.executable, *arguments],
                cwd=settings.BASE_DIR,
                env=child_environment(PYTHONPATH=path),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def check(self) -> None:
        """Raise ``ChildEnded`` when one is gone, and ``SystemExit`` when the demo is to end."""
        leave_if_asked()
        for name, process in self._running.items():
            if process.poll() is not None:
                raise ChildEnded(
                    f"the {name} process ended with status {process.returncode}; see {self._logs / name}.log"
                )

    def wait_until_ready(self, url: str) -> None:
        """Wait for a 200 at ``url``. Raises ``ChildEnded`` when that does not come."""
        deadline = time.monotonic() + STARTUP_TIMEOUT
        while time.monotonic() < deadline:
            self.check()
            try:
                with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310  our own address
                    if response.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise ChildEnded(f"the web server did not answer in {STARTUP_TIMEOUT:.0f} s; see {self._logs}")

    def stop(self) -> None:
        """Ask all to end, and make those end that do not."""
        for process in self._running.values():
            process.terminate()
        deadline = time.monotonic() + STOP_TIMEOUT
        for process in self._running.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
