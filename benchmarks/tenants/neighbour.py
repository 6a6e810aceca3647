"""Another deployment on the same PostgreSQL server, which makes tenants of its own when it is told to.

How quick the machine is changes over minutes: what the same work takes at the same moment in a database with few
tenants says by how much. As a program (``DATABASE_URL`` says where) it makes a tenant for each line that it reads.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg

from benchmarks.tenants.timing import timed
from tests.subprocesses import ROOT, clean_environment


@contextmanager
def deployment(maintenance: str, name: str) -> Iterator[str]:
    """Another database on the server, set up and without tenants: its address."""
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
        address = urlsplit(maintenance)._replace(path=f"/{name}").geturl()
        try:
            manage(address, "setup")
            yield address
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def manage(address: str, *command: str) -> str:
    """What a command of ``manage.py`` says, on the deployment with this database."""
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=clean_environment(DATABASE_URL=address, ATRIUM_DEBUG="1", ATRIUM_EXAMPLE="1"),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


class Neighbour:
    """The process that makes them."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def creation(self) -> float:
        """Have a tenant made. Returns the milliseconds that it took."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())


@contextmanager
def neighbour(maintenance: str) -> Iterator[Neighbour]:
    """A neighbour with a database of its own, in which one tenant has been made."""
    with (
        deployment(maintenance, "atrium_bench_neighbour") as address,
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.tenants.neighbour"],
            cwd=ROOT,
            env=clean_environment(DATABASE_URL=address, ATRIUM_DEBUG="1", PYTHONPATH=os.environ["PYTHONPATH"]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        made = Neighbour(process)
        made.creation()  # the first one also sets up Django and makes the template
        yield made
        process.communicate()  # nothing more to read: it ends


def _make_tenants() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    from tenants.provisioning.create import create_tenant

    for number, _ in enumerate(sys.stdin):
        name = f"beside{number}"
        print(timed(lambda name=name: create_tenant(name, name, f"{name}.localhost")), flush=True)


if __name__ == "__main__":
    _make_tenants()
