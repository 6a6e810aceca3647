"""Making many tenants, one after another: whether the last take longer than the first."""

from __future__ import annotations

import statistics

import psutil

from benchmarks.peer_report import Figure
from benchmarks.streams import plain
from benchmarks.tenants.neighbour import neighbour
from benchmarks.tenants.timing import timed


def measure(count: int, maintenance: str) -> list[Figure]:
    """Make them one after another. The machine is not equally quick over the minutes that this takes: beside the first
    and the last a neighbour with few tenants makes one in turn, and what changed for it is taken out."""
    from django.db import connection

    from tenants.provisioning.create import create_tenant

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = psutil.Process(cursor.fetchone()[0])
    part = min(100, count // 2)
    times, beside, vacuums, spent = [], [], 0, [_cpu(backend)]
    with neighbour(maintenance) as other:
        for number in range(count):
            name = f"many{number}"
            if number < part or number >= count - part:
                beside.append(other.creation())
            times.append(timed(lambda name=name: create_tenant(name, name, f"{name}.localhost")))
            spent.append(_cpu(backend))
            vacuums += _is_vacuuming()
            if number % 100 == 99:
                median = statistics.median(times[-100:])
                print(f"{number + 1} tenants, median of the last 100: {median:.1f} ms", flush=True)
    first, last = statistics.median(times[:part]), statistics.median(times[-part:])
    machine = statistics.median(beside[part:]) / statistics.median(beside[:part])
    first_cpu, last_cpu = ((spent[part] - spent[0]) / part, (spent[-1] - spent[-1 - part]) / part)
    change = 100 * (last / first / machine - 1)
    return [
        plain(f"{count} tenants made in", sum(times) / 1000, "s"),
        plain(f"median of the first {part}, by the clock", first, "ms"),
        plain(f"median of the last {part}, by the clock", last, "ms"),
        plain("last over first for a neighbour with few tenants, in turn", 100 * (machine - 1), "%"),
        Figure("creation, last over first, without what changed for it", change, "%", "at most 20", change <= 20),
        plain(f"of {count}, made while PostgreSQL vacuumed", vacuums, "tenants"),
        plain(f"CPU of each of the first {part}, Python and backend", first_cpu, "ms"),
        plain(f"CPU of each of the last {part}", last_cpu, "ms"),
    ]


def _is_vacuuming() -> bool:
    """Whether PostgreSQL vacuums or analyses tables by itself just now."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE backend_type = 'autovacuum worker')")
        return bool(cursor.fetchone()[0])


def _cpu(backend: psutil.Process) -> float:
    """Milliseconds that this process and its backend have had so far."""
    times = [psutil.Process().cpu_times(), backend.cpu_times()]
    return 1000 * sum(each.user + each.system for each in times)
