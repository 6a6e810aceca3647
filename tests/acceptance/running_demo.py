"""``manage.py demo`` as a newcomer starts it: a process of its own, in an empty folder, on a free port."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from tests.subprocesses import ROOT, clean_environment

PATIENCE = 120  # seconds until a test gives up; it goes on as soon as what it waits for is there
UP = "Atrium is up."


class Demo:
    """The demo in one data folder, started and stopped any number of times."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self._output = folder.with_suffix(".out")
        self._process: subprocess.Popen[bytes] | None = None

    # -- starting and stopping

    def start(self, until: str = UP) -> None:
        """Start it and wait for ``until`` in what it prints."""
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                self.command(), cwd=ROOT, env=environment(), stdout=output, stderr=subprocess.STDOUT
            )
        wait_for(lambda: until in self.printed, lambda: f"{until!r} was not printed: {self.printed}", self._alive)

    def stop(self, how: signal.Signals) -> int:
        """Send the signal and wait for the end; the exit code."""
        assert self._process is not None
        self._process.send_signal(how)
        return self._process.wait(PATIENCE)

    def run(self, **variables: str) -> subprocess.CompletedProcess[str]:
        """A start that is expected to end on its own."""
        return subprocess.run(
            self.command(),
            cwd=ROOT,
            env=environment(**variables),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def command(self) -> list[str]:
        return [sys.executable, "manage.py", "demo", "--port", str(self.port), "--data-dir", str(self.folder)]

    def remove(self) -> None:
        """Stop what is left and delete the folder."""
        for process in self.processes():
            process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    # -- looking

    @property
    def printed(self) -> str:
        return self._output.read_text()

    @property
    def facts(self) -> dict[str, Any]:
        """What demo.json says."""
        return json.loads((self.folder / "demo.json").read_text())

    @property
    def postmaster(self) -> Path:
        """PostgreSQL's file with its process id."""
        return self.folder / "postgres" / "postmaster.pid"

    def processes(self) -> list[psutil.Process]:
        """The demo, all that it started, and the PostgreSQL of its folder."""
        found = []
        if self._process is not None and psutil.pid_exists(self._process.pid):
            parent = psutil.Process(self._process.pid)
            found += [parent, *parent.children(recursive=True)]
        if self.postmaster.exists():
            pid = int(self.postmaster.read_text().split("\n")[0])
            if psutil.pid_exists(pid) and psutil.Process(pid).name() == "postgres":
                found.append(psutil.Process(pid))
        return found

    def port_is_free(self) -> bool:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            return probe.connect_ex(("127.0.0.1", self.port)) != 0


def environment(**variables: str) -> dict[str, str]:
    """A shell in which nothing of ours is set."""
    clean = clean_environment(**variables)
    del clean["PYTHONPATH"]
    return clean


def wait_for(there: Callable[[], bool], otherwise: Callable[[], str], alive: Callable[[], bool]) -> None:
    """Wait until ``there()``; fail when patience or the process ends before."""
    deadline = time.monotonic() + PATIENCE
    while not there():
        assert alive(), otherwise()
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.1)
