"""Processes of our own that tests start: without the settings of the machine and of the test run."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
OURS = ("ATRIUM_", "OPENAI_", "DATABASE_URL", "REDIS_URL", "FORWARDED_ALLOW_IPS", "DJANGO_", "PYTHON", "COVERAGE_")

STRONG_KEY = "0123456789abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQ"
PRODUCTION = {
    "ATRIUM_SECRET_KEY": STRONG_KEY,
    "ATRIUM_PUBLIC_HOST": "localhost",
    "ATRIUM_ALLOWED_HOSTS": ".localhost",
    "FORWARDED_ALLOW_IPS": "127.0.0.1",
}


def clean_environment(**variables: str) -> dict[str, str]:
    """This machine's environment without anything that Atrium reads, and ``variables`` on top."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    path = f"{ROOT / 'platform'}{os.pathsep}{ROOT}"
    return {**kept, "PYTHONPATH": path, **variables}


_given: set[int] = set()
"""Ports that ``free_port`` has named."""


def free_port() -> int:
    """A port of this machine that nobody listens on.

    It is below those that the machine gives to whoever asks for any, of whom there are many while tests run: it is
    still free when the process is up that is to listen on it, and when that process is killed and started again.
    """
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port


@dataclass(frozen=True)
class WebServer:
    """A server that runs: its address, its process and what it writes."""

    url: str
    pid: int
    log: Path


@contextmanager
def web_server(log: Path, **environment: str) -> Iterator[WebServer]:
    """``uvicorn`` as a deployment starts it, once it answers. ``log`` gets what it writes."""
    port = free_port()
    command = ["-m", "uvicorn", "atrium.asgi:application", "--port", str(port), "--no-access-log"]
    with log.open("wb") as written:
        server = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=clean_environment(**environment),
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        running = WebServer(f"http://127.0.0.1:{port}", server.pid, log)
        _wait_until_alive(server, running)
        yield running
    finally:
        server.terminate()
        server.wait(40)


def _wait_until_alive(server: subprocess.Popen[bytes], running: WebServer) -> None:
    for _ in range(600):
        try:
            if httpx.get(f"{running.url}/healthz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
        assert server.poll() is None, running.log.read_text()
    raise AssertionError(f"the server did not start: {running.log.read_text()}")
