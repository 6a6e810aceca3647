"""Atrium's side of the comparison: a fresh database on the harness' PostgreSQL, seeded, and a server on it.

The harness calls this between starting its own servers and measuring (its HOOK). It leaves the server running and
writes two files next to each other: the target file that the harness reads, and the server's process id.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from atrium.env import child_environment, set_defaults

DATABASE = "atrium_bench"
START_TIMEOUT = 60  # seconds
ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Make the database, start the server, write the target file."""
    options = _options()
    set_defaults(_environment(options.postgres))
    import django

    django.setup()
    target = {**_seed(options), **_facts(options), "pidfile": str(options.out.with_suffix(".pid"))}
    server = _start(options.port, options.processes, options.out.with_suffix(".log"))
    options.out.with_suffix(".pid").write_text(str(server.pid))
    _wait(options.port, server)
    options.out.write_text(json.dumps(target, indent=1))


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser()
    options.add_argument("--postgres", required=True, help="address of a database on the harness' PostgreSQL")
    options.add_argument("--out", type=Path, required=True, help="the target file to write")
    options.add_argument("--port", type=int, default=9103)
    options.add_argument("--processes", type=int, default=2)
    options.add_argument("--pools", default="10:40,100:20,1000:6", help="messages:threads, ...")
    options.add_argument("--sign-in", choices=("session", "key"), default="session")
    return options.parse_args()


def _environment(postgres: str) -> dict[str, str]:
    """As in production, but over plain HTTP. The harness has set the fake model's address and key."""
    return {
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "DATABASE_URL": urlsplit(postgres)._replace(path=f"/{DATABASE}").geturl(),
        "ATRIUM_SECRET_KEY": secrets.token_urlsafe(64),
        "ATRIUM_PUBLIC_HOST": "localhost",
        "ATRIUM_ALLOWED_HOSTS": ".localhost,127.0.0.1",
        "ATRIUM_INSECURE_HTTP": "1",
        "ATRIUM_LOG_LEVEL": "WARNING",
    }


def _seed(options: argparse.Namespace) -> dict[str, Any]:
    from django.db import connection

    from benchmarks.peer_seed import seed

    with psycopg.connect(options.postgres, autocommit=True) as maintenance:
        maintenance.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        maintenance.execute(f"CREATE DATABASE {DATABASE}")
    pools = dict(tuple(map(int, pool.split(":"))) for pool in options.pools.split(","))
    try:
        return seed(pools, with_session=options.sign_in == "session")
    finally:
        connection.close()
        connection.close_pool()


def _facts(options: argparse.Namespace) -> dict[str, Any]:
    from benchmarks.peer_seed import HOST

    return {
        "name": "Atrium",
        "base_url": f"http://{HOST}:{options.port}",
        "prefix": "/api",
        "assistant_id": "bench_assistant",
        "tool_assistant_id": "bench_tool_assistant",
        "stream": {
            "path": "/threads/{thread_id}/messages/",
            "body": {"assistant_id": "{assistant_id}", "content": "Please tell me about item 7."},
        },
    }


def _start(port: int, processes: int, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "uvicorn", "atrium.asgi:application", "--port", str(port)]
    command += ["--workers", str(processes), "--log-level", "warning", "--no-access-log"]
    with log.open("wb") as output:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=child_environment(PYTHONPATH=os.pathsep.join([str(ROOT / "platform"), str(ROOT)])),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # it outlives this process; the one that started the harness ends it
        )


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(START_TIMEOUT * 5):
        if server.poll() is not None:
            sys.exit("Atrium's server ended at once; build/bench/atrium.log says why")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    sys.exit("Atrium's server did not become ready")


if __name__ == "__main__":
    main()
