"""Asking many tenants of one deployment, beside a deployment of one."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from benchmarks.peer_report import Figure
from benchmarks.streams import plain
from benchmarks.tenants.neighbour import deployment, manage
from tests.subprocesses import PRODUCTION, web_server

REQUESTS = 300  # of each measurement of latency
ROUNDS = 3
"""Measured requests to each tenant."""
VISITS = 3
"""Requests to each tenant before latency is measured. A connection's first visit to a tenant reads its tables'
descriptions, and a tenant's requests stay with one connection, or two. What first visits cost is told beside."""


def measure(database: str, alone: tuple[str, str], folder: Path, count: int) -> list[Figure]:
    """Ask so many tenants, which are there, and a deployment of one tenant in turns; see what a backend needs."""
    address, key = alone
    with _server(database, folder / "many.log") as server, _server(address, folder / "one.log") as other:
        everybody = [(server.url, f"many{number}.localhost", _key_of(f"many{number}")) for number in range(count)]
        one = [(other.url, "alone.localhost", key)]
        first_by_one, first_by_many = _latencies(one, everybody, count)
        _latencies(one, everybody, VISITS * count)
        by_one, by_many = _latencies(one, everybody, max(REQUESTS, ROUNDS * count))
    rss = [_backend_memory(database, number) for number in (0, count // 10, count)]
    return [
        plain("the first request to each tenant, over one tenant's", first_by_many / first_by_one, "x"),
        plain("request to a deployment of one tenant, median", by_one, "ms"),
        plain(f"request to each of {count} tenants in turn, median", by_many, "ms"),
        Figure(
            f"request latency, {count} tenants over one", by_many / by_one, "x", "at most 1.2", by_many <= 1.2 * by_one
        ),
        plain("memory of one backend, new", rss[0], "MB"),
        plain(f"memory of one backend that has read all tables of {count // 10}", rss[1], "MB"),
        plain(f"memory of one backend that has read all tables of {count}", rss[2], "MB"),
    ]


@contextmanager
def deployment_of_one(maintenance: str) -> Iterator[tuple[str, str]]:
    """Another database on the same server, with one tenant: its address and a key."""
    with deployment(maintenance, "atrium_bench_one") as address:
        manage(address, "tenant", "create", "alone", "--host", "alone.localhost")
        yield address, manage(address, "shell", "--no-imports", "-c", _MAKE_KEY).split()[-1]


_MAKE_KEY = """
from tenants.context import TenantRef, tenant_context
from tenants.keys import create_api_key
with tenant_context(TenantRef(None, "alone")):
    print(create_api_key("bench")[1])
"""


def _server(database: str, log: Path) -> Any:
    return web_server(
        log,
        **PRODUCTION,
        DATABASE_URL=database,
        ATRIUM_INSECURE_HTTP="1",
        ATRIUM_EXAMPLE="1",
        ATRIUM_LOG_LEVEL="WARNING",
    )


def _key_of(schema_name: str) -> str:
    from tenants.context import TenantRef, tenant_context
    from tenants.keys import create_api_key

    with tenant_context(TenantRef(None, schema_name)):
        return create_api_key("bench")[1]


Asked = list[tuple[str, str, str]]  # address, host, key


def _latencies(one: Asked, many: Asked, requests: int) -> list[float]:
    """Median milliseconds of a list of threads: of each, asked in turns, one request at a time."""
    times: tuple[list[float], list[float]] = ([], [])
    with httpx.Client(timeout=60) as client:
        for number in range(requests + 10):
            for whom, took in zip((one, many), times, strict=True):
                url, host, key = whom[number % len(whom)]
                headers = {"Host": host, "Authorization": f"Bearer {key}"}
                began = time.perf_counter()
                client.get(f"{url}/api/threads/", headers=headers).raise_for_status()
                took.append((time.perf_counter() - began) * 1000)
    return [statistics.median(took[10:]) for took in times]


def _backend_memory(database: str, tenants: int) -> float:
    """Megabytes of a backend's own, after it has looked at every table of so many tenants."""
    with psycopg.connect(database, autocommit=True) as connection:
        tables = connection.execute(
            "SELECT format('%%I.%%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN"
            " (SELECT schema_name FROM tenants_tenant WHERE schema_name LIKE 'many%%' ORDER BY id LIMIT %s)",
            [tenants],
        ).fetchall()
        for (table,) in tables:
            connection.execute(f"SELECT * FROM {table} LIMIT 1".encode(), prepare=False)
        pid = connection.info.backend_pid
        return psutil.Process(pid).memory_full_info().uss / 1e6
