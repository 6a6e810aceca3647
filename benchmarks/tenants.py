"""Many tenants: made, migrated, served. `make bench-tenants`.

    python -m benchmarks.tenants [--tenants 1000] [--samples 50] [--slow 12]

Every comparison is made in one run and in turns, because the machine is busy with other things, too: medians, and the
load is printed. What `migrate_schemas` (django-tenants' own way) would take over all tenants is extrapolated from
``--slow`` of them, and said so. Writes build/bench/tenants.json.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import psycopg

from benchmarks.peer_report import Figure
from tests import postgres
from tests.subprocesses import PRODUCTION, ROOT, clean_environment, web_server

OUT = ROOT / "build" / "bench" / "tenants.json"
REQUESTS = 300  # of each measurement of latency
ROUNDS = 3
"""Measured requests to each tenant. What a process keeps of a tenant is read anew every half minute, which all of them
would be in one and the same round."""
VISITS = 8
"""Requests to each tenant before latency is measured. A connection's first visit to a tenant reads its tables'
descriptions, and the pool's connections take turns; what first visits cost is told beside."""


def main() -> None:
    """Measure, print, write; ends with 1 when an aim was missed."""
    options = _options()
    with ExitStack() as stack:
        maintenance = stack.enter_context(postgres.server())
        database = stack.enter_context(postgres.database(maintenance))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _set_up(database)
        print(f"load before: {_load()}", flush=True)
        found = _creation(options.samples, options.slow)
        alone = stack.enter_context(_deployment_of_one(maintenance))
        found += _many(database, alone, folder, options.tenants)
        found += _migration(database, options.slow)
        _give_back()
        print(f"load after: {_load()}")
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps([figure.as_json() for figure in found], indent=1) + "\n")
    print("", *map(str, found), f"\nwritten: {OUT.relative_to(ROOT)}", sep="\n")
    sys.exit(0 if all(figure.holds for figure in found) else 1)


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="bench-tenants")
    options.add_argument("--tenants", type=int, default=1000)
    options.add_argument("--samples", type=int, default=50, help="tenants that the median is of")
    options.add_argument("--slow", type=int, default=12, help="tenants that migrate_schemas is tried with")
    return options.parse_args()


def _set_up(database: str) -> None:
    os.environ |= {"DATABASE_URL": database, "ATRIUM_DEBUG": "1", "DJANGO_SETTINGS_MODULE": "tests.settings"}
    import django

    django.setup()
    from tenants.provisioning.migrate import migrate_public

    migrate_public()


def _give_back() -> None:
    from django.db import connection

    connection.close()
    connection.close_pool()


def _load() -> str:
    return " ".join(f"{value:.1f}" for value in os.getloadavg())


def _timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


# -- making one


def _creation(samples: int, slow: int) -> list[Figure]:
    """In turns: a tenant, the same tables bare, and now and then a tenant by ``migrate_schemas``."""
    from tenants.provisioning.create import create_tenant
    from tenants.provisioning.template import template_script

    script = template_script()
    create_tenant("warm_up", "Warm", "warm-up.localhost")
    ours, bare, barest, theirs = [], [], [], []
    for number in range(samples):
        name = f"one{number}"
        ours.append(_timed(lambda name=name: create_tenant(name, name, f"{name}.localhost")))
        bare.append(_timed(lambda number=number: _make_schema(f"bare{number}", _tables(script, keys=True))))
        barest.append(_timed(lambda number=number: _make_schema(f"barest{number}", _tables(script, keys=False))))
        if number % max(1, samples // slow) == 0:
            theirs.append(_timed(lambda number=number: _by_migrate_schemas(f"theirs{number}")))
    mine, floor, lowest, other = (statistics.median(values) for values in (ours, bare, barest, theirs))
    return [
        _plain(f"create a tenant, median of {samples}", mine, "ms"),
        _plain("floor: the same tables bare (columns, primary keys), one message", floor, "ms"),
        _plain("the same without their keys", lowest, "ms"),
        _plain(f"create by migrate_schemas, median of {len(theirs)}", other, "ms"),
        Figure("create a tenant", mine / floor, "x floor", "at most 3", mine <= 3 * floor),
        Figure("create a tenant, quicker than migrate_schemas", other / mine, "times", "at least 8", other >= 8 * mine),
    ]


def _tables(script: str, *, keys: bool) -> str:
    """The template's tables alone: columns and primary keys, or columns only."""
    kept = []
    for statement in script.split(";\n"):
        if statement.startswith("CREATE TABLE"):
            body = re.sub(r"\) WITH \([^()]*\)$", ")", statement).rstrip(";")[:-1]
            columns, *constraints = re.split(r', (?=CONSTRAINT "[^"]*" (?:PRIMARY KEY|UNIQUE|CHECK|EXCLUDE))', body)
            primary = [each for each in constraints if "PRIMARY KEY" in each and keys]
            kept.append(", ".join([columns, *primary]) + ")")
    return ";\n".join(kept)


def _make_schema(name: str, tables: str) -> None:
    from django.db import connection, transaction

    from tenants.context import TenantRef, owner_rights, tenant_context

    with transaction.atomic(), tenant_context(TenantRef(None, name)), owner_rights(), connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {name}")
        cursor.execute(tables)


def _by_migrate_schemas(name: str) -> None:
    """django-tenants' own way: the tenant's row, its schema, ``migrate_schemas`` on it."""
    from django.core.management import call_command
    from django.db import connection

    from tenants.context import owner_rights
    from tenants.models import Domain, Tenant

    tenant = Tenant.objects.create(schema_name=name, name=name)
    Domain.objects.create(tenant=tenant, domain=f"{name}.localhost", is_primary=True)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {name}")
    with owner_rights():
        call_command("migrate_schemas", schema_name=name, interactive=False, verbosity=0)


# -- many


def _many(database: str, alone: tuple[str, str], folder: Path, count: int) -> list[Figure]:
    """Make them all, one after another; ask them and a deployment of one tenant in turns; see what a backend needs."""
    address, key = alone
    with _server(database, folder / "many.log") as server, _server(address, folder / "one.log") as other:
        figures = _growth(count)
        everybody = [(server.url, f"many{number}.localhost", _key_of(f"many{number}")) for number in range(count)]
        one = [(other.url, "alone.localhost", key)]
        first_by_one, first_by_many = _latencies(one, everybody, count)
        _latencies(one, everybody, VISITS * count)
        by_one, by_many = _latencies(one, everybody, max(REQUESTS, ROUNDS * count))
    rss = [_backend_memory(database, number) for number in (0, count // 10, count)]
    return [
        *figures,
        _plain("the first request to each tenant, over one tenant's", first_by_many / first_by_one, "x"),
        _plain("request to a deployment of one tenant, median", by_one, "ms"),
        _plain(f"request to each of {count} tenants in turn, median", by_many, "ms"),
        Figure(
            f"request latency, {count} tenants over one", by_many / by_one, "x", "at most 1.2", by_many <= 1.2 * by_one
        ),
        _plain("memory of one backend, new", rss[0], "MB"),
        _plain(f"memory of one backend that has read all tables of {count // 10}", rss[1], "MB"),
        _plain(f"memory of one backend that has read all tables of {count}", rss[2], "MB"),
    ]


@contextmanager
def _deployment_of_one(maintenance: str) -> Iterator[tuple[str, str]]:
    """Another database on the same server, with one tenant: its address and a key."""
    name = "atrium_bench_one"
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
        address = urlsplit(maintenance)._replace(path=f"/{name}").geturl()
        environment = clean_environment(DATABASE_URL=address, ATRIUM_DEBUG="1", ATRIUM_EXAMPLE="1")
        for command in (["setup"], ["tenant", "create", "alone", "--host", "alone.localhost"]):
            subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True)
        made = subprocess.run(
            [sys.executable, "manage.py", "shell", "--no-imports", "-c", _MAKE_KEY],
            cwd=ROOT,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        try:
            yield address, made.stdout.split()[-1]
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


_MAKE_KEY = """
from tenants.context import TenantRef, tenant_context
from tenants.keys import create_api_key
with tenant_context(TenantRef(None, "alone")):
    print(create_api_key("bench")[1])
"""


def _growth(count: int) -> list[Figure]:
    """Make them one after another. The machine is not equally quick over the minutes that this takes: a piece of work
    that knows of no tenants is timed beside each, and its own change is taken out. Now and then PostgreSQL vacuums its
    catalogues for half a minute, on the same cores: what was made beside that is told apart."""
    from django.db import connection

    from tenants.provisioning.create import create_tenant

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = psutil.Process(cursor.fetchone()[0])
    times, alone, yard, spent = [], [], [], [_cpu(backend)]
    for number in range(count):
        name = f"many{number}"
        yard.append(_timed(_yardstick))
        times.append(_timed(lambda name=name: create_tenant(name, name, f"{name}.localhost")))
        alone.append(not _vacuums())
        spent.append(_cpu(backend))
        if number % 100 == 99:
            beside = alone[-100:].count(False)
            median = statistics.median(times[-100:])
            print(
                f"{number + 1} tenants, median of the last 100: {median:.1f} ms, {beside} beside a vacuum", flush=True
            )
    part = min(100, count // 2)
    first, last = _undisturbed(times[:part], alone[:part]), _undisturbed(times[-part:], alone[-part:])
    machine = statistics.median(yard[-part:]) / statistics.median(yard[:part])
    first_cpu, last_cpu = ((spent[part] - spent[0]) / part, (spent[-1] - spent[-1 - part]) / part)
    change, change_cpu = 100 * (last / first / machine - 1), 100 * (last_cpu / first_cpu / machine - 1)
    beside = [taken for taken, was_alone in zip(times, alone, strict=True) if not was_alone]
    return [
        _plain(f"{count} tenants made in", sum(times) / 1000, "s"),
        _plain(f"median of the first {part}, by the clock", first, "ms"),
        _plain(f"median of the last {part}, by the clock", last, "ms"),
        _plain("how much slower the machine was for the last than for the first", 100 * (machine - 1), "%"),
        Figure("creation, last over first, on a machine of one speed", change, "%", "at most 20", change <= 20),
        *([_plain(f"median of the {len(beside)} beside a vacuum", statistics.median(beside), "ms")] if beside else []),
        _plain(f"CPU of each of the first {part}, Python and backend", first_cpu, "ms"),
        _plain(f"CPU of each of the last {part}", last_cpu, "ms"),
        _plain("creation, last over first, in CPU, on a machine of one speed", change_cpu, "%"),
    ]


def _yardstick() -> None:
    """Some milliseconds of PostgreSQL's that are the same whatever is in the database."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM generate_series(1, 40000) n WHERE md5(n::text) < '8'")


def _vacuums() -> int:
    """PostgreSQL's own vacuuming that goes on."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'")
        return int(cursor.fetchone()[0])


def _undisturbed(times: list[float], alone: list[bool]) -> float:
    """The median of those that nothing was done beside; of all where there are fewer than ten."""
    quiet = [taken for taken, was_alone in zip(times, alone, strict=True) if was_alone]
    return statistics.median(quiet if len(quiet) >= 10 else times)


def _cpu(backend: psutil.Process) -> float:
    """Milliseconds that this process and its backend have had so far."""
    times = [psutil.Process().cpu_times(), backend.cpu_times()]
    return 1000 * sum(each.user + each.system for each in times)


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


# -- migrating them all


def _migration(database: str, slow: int) -> list[Figure]:
    """An AddField for all; ``migrate_schemas`` for a few, extrapolated."""
    from django.conf import settings
    from django.core.management import call_command

    from tenants.context import owner_rights
    from tenants.models import Tenant
    from tenants.provisioning.migrate_all import migrate_all

    settings.MIGRATION_MODULES = {"example": "benchmarks.migrations"}
    names = list(Tenant.objects.order_by("pk").values_list("schema_name", flat=True))
    few, count = names[:slow], len(names) - slow

    def theirs(name: str) -> None:
        with owner_rights():
            call_command("migrate_schemas", schema_name=name, interactive=False, verbosity=0)

    each = statistics.median([_timed(lambda name=name: theirs(name)) for name in few])
    report = None

    def ours() -> None:
        nonlocal report
        report = migrate_all(lambda *_: None)

    took = _timed(ours) / 1000
    assert report is not None
    slowly = each * count / 1000
    wrong = _mismatches(database, names) + len(report.failed)
    return [
        _plain(f"AddField, {len(report.migrated)} tenants, migrate_tenants", took, "s"),
        _plain(f"the same by migrate_schemas, extrapolated from {slow}", slowly, "s"),
        Figure("AddField, quicker than migrate_schemas", slowly / took, "times", "at least 50", slowly >= 50 * took),
        Figure("tenants whose columns and django_migrations disagree", wrong, "", "none", wrong == 0),
    ]


def _mismatches(database: str, names: list[str]) -> int:
    """Tenants that have the column and not the row, or the row and not the column, or neither."""
    wrong = 0
    with psycopg.connect(database, autocommit=True) as connection:
        for name in names:
            column = connection.execute(
                "SELECT count(*) FROM information_schema.columns"
                " WHERE table_schema = %s AND table_name = 'example_issue' AND column_name = 'due'",
                [name],
            ).fetchone()
            row = connection.execute(
                f"SELECT count(*) FROM {name}.django_migrations WHERE app = 'example' AND name = '0002_due'".encode()
            ).fetchone()
            wrong += (column, row) != ((1,), (1,))
    return wrong


def _plain(name: str, value: float, unit: str) -> Figure:
    return Figure(name, value, unit, "no aim", True)


if __name__ == "__main__":
    main()
