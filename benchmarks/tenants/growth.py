"""Making many tenants, one after another: whether the last take longer than the first."""

from __future__ import annotations

import statistics

import psutil

from benchmarks.peer_report import Figure
from benchmarks.streams import plain
from benchmarks.tenants.timing import timed


def measure(count: int) -> list[Figure]:
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
        yard.append(timed(_yardstick))
        times.append(timed(lambda name=name: create_tenant(name, name, f"{name}.localhost")))
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
        plain(f"{count} tenants made in", sum(times) / 1000, "s"),
        plain(f"median of the first {part}, by the clock", first, "ms"),
        plain(f"median of the last {part}, by the clock", last, "ms"),
        plain("how much slower the machine was for the last than for the first", 100 * (machine - 1), "%"),
        Figure("creation, last over first, on a machine of one speed", change, "%", "at most 20", change <= 20),
        *([plain(f"median of the {len(beside)} beside a vacuum", statistics.median(beside), "ms")] if beside else []),
        plain(f"CPU of each of the first {part}, Python and backend", first_cpu, "ms"),
        plain(f"CPU of each of the last {part}", last_cpu, "ms"),
        plain("creation, last over first, in CPU, on a machine of one speed", change_cpu, "%"),
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
