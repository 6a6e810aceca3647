"""A copy of the project in a folder of its own, with a database of its own: what a reader of the tutorial has."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from tests.subprocesses import free_port

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("manage.py", "README.md", "docs", "platform", "tenants", "rag", "assistants")
STARTUP_TIMEOUT = 180  # seconds, for the first start on a slow machine
NOT_INHERITED = ("ATRIUM_", "OPENAI_", "DJANGO_", "DATABASE_URL", "PYTHONPATH")


@contextmanager
def empty_database(url_of_another: str, name: str) -> Iterator[str]:
    """Address of a new database on the same server; it goes when it is done with."""
    quoted = sql.Identifier(name)
    maintenance = urlsplit(url_of_another)._replace(path="/postgres").geturl()
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(quoted))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(quoted))
        try:
            yield urlsplit(url_of_another)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(quoted))


class Clone:
    """The project's files, a database, and commands that run there with the tests' Python."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        self.environment = {**kept, "PATH": path, "DATABASE_URL": database_url}
        for name in NEEDED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder / name)

    def add(self, path: str, text: str) -> None:
        """Add ``text`` at the end of a file."""
        file = self.folder / path
        assert file.parent.is_dir(), f"{path}: the page has not made its folder"
        with file.open("a") as opened:
            opened.write(f"{text}\n\n")

    def run(self, command: str, **more: str) -> str:
        """What a shell's command writes to its output. It must succeed."""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    def python(self, program: str, **more: str) -> str:
        """What a program prints that runs with Django set up."""
        (self.folder / "program.py").write_text(program)
        return self.run("python manage.py shell -v 0 < program.py", **more)

    @contextmanager
    def demo(self) -> Iterator[Demo]:
        """``make run`` without make: up inside the block."""
        with Demo(self) as running:
            yield running


class Demo:
    """The demo of a clone, while it runs. ``facts`` is its ``demo.json``."""

    facts: dict[str, Any]

    def __init__(self, clone: Clone) -> None:
        self.clone = clone
        self.port = free_port()
        self.log = clone.folder / "demo.log"

    def __enter__(self) -> Self:
        # With the demo's own defaults: not with what the page tells to export in the other terminal.
        mine = {name: value for name, value in self.clone.environment.items() if not name.startswith("ATRIUM_")}
        command = [sys.executable, "manage.py", "demo", "--port", str(self.port), "--data-dir", ".data"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=self.clone.folder, env=mine, stdout=log, stderr=log, start_new_session=True
            )
        try:
            self._wait()
        except BaseException:
            self._stop()
            raise
        self.facts = json.loads((self.clone.folder / ".data/demo.json").read_text())
        return self

    def __exit__(self, *error: object) -> None:
        self._stop()

    def _wait(self) -> None:
        deadline = time.monotonic() + STARTUP_TIMEOUT
        while "Atrium is up" not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)

    def _stop(self) -> None:
        self.process.terminate()  # Ctrl-C would do nothing where the tests run in the background of a shell
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
