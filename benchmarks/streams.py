"""Hundreds of streams at once in one server process: `make bench-streams`.

    python -m benchmarks.streams [--streams 300] [--tokens 20] [--interval 0.5] [--ramp 5] [--pool 20]

A fake model over HTTP speaks for ``tokens * interval`` seconds to each of the streams, which two tenants' hosts take in
turn; each tenant has documents of its own, and the answers say which were found. The server is one uvicorn process as
a deployment runs it. Server, model, client and PostgreSQL share the machine, so times say little and counts much.
Writes build/bench/streams.json.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from benchmarks.peer_report import Figure
from tests import postgres
from tests.subprocesses import PRODUCTION, ROOT, WebServer, clean_environment, free_port, web_server

OUT = ROOT / "build" / "bench" / "streams.json"
NAME = "atrium-bench"  # of the server's connections, by which PostgreSQL counts them
MOST_CONNECTIONS = 20
SAMPLE_EVERY = 0.05  # seconds
TENANTS = ("acme", "globex")


def main() -> None:
    """Measure, print, write; ends with 1 when an aim was missed."""
    options = _options()
    with ExitStack() as stack:
        maintenance = stack.enter_context(postgres.server())
        database = stack.enter_context(postgres.database(maintenance))
        streams = seed(database, options.streams)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model = stack.enter_context(fake_model(options.tokens, options.interval))
        server = stack.enter_context(server_on(database, model, options.pool, folder / "server.log"))
        warm_up(server, streams)
        results, samples = asyncio.run(measure(server, database, streams, options))
        said = server.log.read_text()
    found = _figures(results, samples, options)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps([figure.as_json() for figure in found], indent=1) + "\n")
    print("", *map(str, found), *errors(results, said), f"\nwritten: {OUT.relative_to(ROOT)}", sep="\n")
    sys.exit(0 if all(figure.holds for figure in found) else 1)


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="bench-streams")
    options.add_argument("--streams", type=int, default=300)
    options.add_argument("--tokens", type=int, default=20, help="of one answer")
    options.add_argument("--interval", type=float, default=0.5, help="seconds between two tokens")
    options.add_argument("--ramp", type=float, default=5.0, help="seconds over which the streams begin")
    options.add_argument("--pool", type=int, default=MOST_CONNECTIONS, help="ATRIUM_DATABASE_POOL_MAX")
    return options.parse_args()


# -- what is measured


def seed(database: str, count: int) -> list[dict[str, Any]]:
    """Two tenants with a document each and a thread for every stream; what the client is to ask."""
    os.environ |= {"DATABASE_URL": database, "ATRIUM_DEBUG": "1", "DJANGO_SETTINGS_MODULE": "tests.settings"}
    import django

    django.setup()
    from django.db import connection

    from assistants.models import Thread
    from tenants.context import tenant_context
    from tenants.provisioning.migrate import migrate_public
    from tests.documents import add_ready_document
    from tests.factories import make_tenant

    migrate_public()
    streams: dict[str, list[dict[str, Any]]] = {}
    for name, other in (TENANTS, TENANTS[::-1]):
        tenant = make_tenant(name)
        text = f"# Anvils of {name}\n\nAn anvil may be returned within 90 days, says marker-{name}.\n"
        add_ready_document(tenant, text, "anvils.md")
        with tenant_context(tenant.ref):
            threads = Thread.objects.bulk_create(Thread(created_by=tenant.member) for _ in range(count // 2 + 2))
        facts = {"host": tenant.host, "key": tenant.api_key, "foreign": [f"marker-{other}", f"Anvils of {other}"]}
        streams[name] = [
            {
                **facts,
                "thread": str(thread.pk),
                "question": f"When may an anvil be returned? marker-{name}-{number}-q",
                "own": [f"marker-{name} ", f"marker-{name}-{number}-q", f"Anvils of {name}"],
            }
            for number, thread in enumerate(threads)
        ]
    connection.close()
    connection.close_pool()
    return [stream for pair in zip(*streams.values(), strict=True) for stream in pair]


@contextmanager
def fake_model(tokens: int, interval: float) -> Iterator[str]:
    port = free_port()
    pace = ["--port", str(port), "--tokens", str(tokens), "--interval", str(interval)]
    command = [sys.executable, "-m", "benchmarks.fake_model", *pace]
    model = subprocess.Popen(command, cwd=ROOT, env=clean_environment())
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        model.terminate()
        model.wait(20)


@contextmanager
def server_on(database: str, model: str, pool: int, log: Path) -> Iterator[WebServer]:
    named = f"{database}{'&' if '?' in database else '?'}application_name={NAME}"
    with web_server(
        log,
        **PRODUCTION,
        DATABASE_URL=named,
        ATRIUM_INSECURE_HTTP="1",
        ATRIUM_DATABASE_POOL_MAX=str(pool),
        ATRIUM_LOG_LEVEL="WARNING",
        OPENAI_API_KEY="fake",
        OPENAI_BASE_URL=model,
    ) as server:
        yield server


def warm_up(server: WebServer, streams: list[dict[str, Any]]) -> None:
    """One turn for each tenant, with the threads that are left over: what is loaded on first use is loaded."""
    for _ in TENANTS:
        stream = streams.pop()
        httpx.post(
            f"{server.url}/api/threads/{stream['thread']}/messages/",
            json={"assistant_id": "docs_assistant", "content": stream["question"]},
            headers={"Host": stream["host"], "Authorization": f"Bearer {stream['key']}"},
            timeout=120,
        ).raise_for_status()


# -- measuring


@dataclass
class Samples:
    """What was seen of the server while the streams ran."""

    connections: list[int] = field(default_factory=list)
    rss: list[int] = field(default_factory=list)  # bytes
    threads: list[int] = field(default_factory=list)
    cpu_seconds: float = 0.0


async def measure(
    server: WebServer, database: str, streams: list[dict[str, Any]], options: argparse.Namespace
) -> tuple[list[dict[str, Any]], Samples]:
    speaks = options.tokens * options.interval
    order = {
        "port": int(server.url.rsplit(":", 1)[1]),
        "ramp": options.ramp,
        "timeout": options.ramp + 4 * speaks + 30,
        "streams": streams[: options.streams],
    }
    client = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.stream_client"),
        cwd=ROOT,
        env=clean_environment(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    samples = Samples()
    sampling = asyncio.create_task(_sample(server.pid, database, samples))
    cpu_before = _cpu_seconds(server.pid)
    written, _ = await client.communicate(json.dumps(order).encode())
    samples.cpu_seconds = _cpu_seconds(server.pid) - cpu_before
    sampling.cancel()
    await asyncio.gather(sampling, return_exceptions=True)
    return json.loads(written), samples


async def _sample(pid: int, database: str, samples: Samples) -> None:
    process = psutil.Process(pid)
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        while True:
            cursor = await connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [NAME]
            )
            samples.connections.append((await cursor.fetchone() or (0,))[0])
            samples.rss.append(process.memory_info().rss)
            samples.threads.append(process.num_threads())
            await asyncio.sleep(SAMPLE_EVERY)


def _cpu_seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


# -- reporting


def _figures(results: list[dict[str, Any]], samples: Samples, options: argparse.Namespace) -> list[Figure]:
    count = options.streams
    succeeded, wrong = sum(result["ok"] for result in results), sum(result["wrong"] for result in results)
    together = most_at_once(results)
    peak = max(samples.connections)
    events = [result["first_event"] - result["began"] for result in results if "first_event" in result]
    # The model's first token comes one interval after it is asked; what is more is ours (and the busy machine's).
    texts = [result["first_text"] - result["began"] - options.interval for result in results if "first_text" in result]
    return [
        Figure("streams that succeeded", succeeded, "", f"all {count}", succeeded == count),
        Figure("answers with another tenant's words", wrong, "", "none", wrong == 0),
        Figure("streams open at the same time", together, "", f"all {count}", together == count),
        Figure("peak PostgreSQL connections of the server", peak, "", f"at most {options.pool}", peak <= options.pool),
        *times("first event after", events),
        *times("first text beyond the model's first token", texts),
        plain("server's resident memory, peak", max(samples.rss) / 1e6, "MB"),
        plain("server's threads, peak", max(samples.threads), ""),
        plain("server's CPU for one stream", samples.cpu_seconds / count * 1000, "ms"),
        plain("server's CPU, of one core", 100 * samples.cpu_seconds / _span(results), "%"),
    ]


def most_at_once(results: list[dict[str, Any]]) -> int:
    """Streams that had sent something and were not over, at the best moment."""
    changes = [(result["first_event"], 1) for result in results if "first_event" in result]
    changes += [(result["ended"], -1) for result in results if "first_event" in result and "ended" in result]
    most = now = 0
    for _, change in sorted(changes):
        now += change
        most = max(most, now)
    return most


def times(name: str, seconds: list[float]) -> list[Figure]:
    ordered = sorted(seconds) or [float("nan")]
    return [
        plain(f"{name}, p{percent}", 1000 * ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], "ms")
        for percent in (50, 95)
    ]


def plain(name: str, value: float, unit: str) -> Figure:
    return Figure(name, value, unit, "no aim", True)


def _span(results: list[dict[str, Any]]) -> float:
    return max(result.get("ended", 0.0) for result in results) or 1.0


def errors(results: list[dict[str, Any]], said: str) -> list[str]:
    """Why streams failed, the most frequent reasons first, and what the server said last."""
    reasons: dict[str, int] = {}
    for result in results:
        if not result["ok"]:
            reason = result["error"] or "no end in time"
            reasons[reason] = reasons.get(reason, 0) + 1
    lines = [f"{count} x {reason}" for reason, count in sorted(reasons.items(), key=lambda pair: -pair[1])[:5]]
    return ["", *lines, *said.splitlines()[-5:]] if lines else []


if __name__ == "__main__":
    main()
