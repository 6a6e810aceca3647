"""A Redis server of the tests' own. ``python -m tests.redis_server`` sees to it that there is a program for it.

The system's is taken if it is there; otherwise Debian's package is installed where that is possible (root, and
apt-get). One line says what was found or done; a failure ends with exit code 1.
"""

# ruff: noqa: T201 - it is run by make, and says what it did

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.subprocesses import free_port
from tests.waiting import PATIENCE

ADVICE = "install Debian's package 'redis-server', or put redis-server on the PATH"


def main() -> int:
    """Find or install. Returns the exit code."""
    found = program()
    print(f"Redis for the tests: {found}" if found else f"No Redis for the tests: {ADVICE}")
    return 0 if found else 1


def program() -> str | None:
    """The server's program, installed if that is possible; None where it is not."""
    found = shutil.which("redis-server")
    if found or os.geteuid() != 0 or not shutil.which("apt-get"):
        return found
    package = ["apt-get", "install", "-y", "--no-install-recommends", "redis-server"]
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}  # apt-get must not ask
    for command in (package, ["apt-get", "update"], package):  # its package list may be missing or old
        subprocess.run(command, capture_output=True, check=False, env=quiet)
        found = shutil.which("redis-server")
        if found:
            break
    return found


class RedisServer:
    """A server on a port of its own, which keeps nothing on disk. It can be stopped and started again."""

    def __init__(self, program: str, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        give_up_at = time.monotonic() + PATIENCE
        while not self._answers():
            assert time.monotonic() < give_up_at, f"no Redis at {self.url}"
            time.sleep(0.02)

    def stop(self) -> None:
        """Kill it, as if its machine had gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


if __name__ == "__main__":
    sys.exit(main())
