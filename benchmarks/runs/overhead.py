"""What Atrium adds to a model's time and to a token's CPU, beside a bare ``langchain-openai`` stream.

Both talk to the same model server in the same minute. It writes down when a request arrives; a client writes down when
it asked, by the same clock. The difference is what comes before the model: for Atrium the connection, the sign-in, the
access rule, the stored question and run; for the bare client nothing but LangChain and the SDK.

CPU for a token is a slope: long answers less short ones, so that what a turn costs anyway is not in it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil

from benchmarks.peer_report import Figure
from benchmarks.streams import plain
from tests import postgres
from tests.subprocesses import PRODUCTION, ROOT, WebServer, clean_environment, free_port, web_server

TURNS = 100  # a round, one after the other
ROUNDS = 3  # of each; the best is told, as others use the machine
LONG, SHORT = 400, 20  # tokens of an answer
TOGETHER = 16  # answers at the same time, where CPU is measured
PACE = 0.005  # seconds between two tokens
MOST_ADDED, MOST_CPU = 10.0, 0.1  # milliseconds: before the model is called; for a token, more than the bare client


def measure() -> list[Figure]:
    """Start everything, measure, and return the figures."""
    with ExitStack() as stack:
        database = stack.enter_context(postgres.database(stack.enter_context(postgres.server())))
        folder = Path(stack.enter_context(postgres_folder()))
        tenant = _seed(database)
        model = stack.enter_context(_model(folder / "calls.jsonl"))
        server = stack.enter_context(_server(database, model, folder / "server.log"))
        bench = Bench(server, model, folder / "calls.jsonl", tenant)
        bench.atrium("bench_assistant", 5, 1, SHORT, 0.0)  # what is loaded on first use is loaded
        bench.atrium("docs_assistant", 5, 1, SHORT, 0.0)
        return [*_times(bench), *_cpu(bench)]


@contextmanager
def postgres_folder() -> Iterator[str]:
    """A folder for what the processes write."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        yield folder


class Bench:
    """The running parts, and how to ask them."""

    def __init__(self, server: WebServer, model: str, journal: Path, tenant: dict[str, Any]) -> None:
        self._server = server
        self._model = model
        self._journal = journal
        self._tenant = tenant
        self._round = 0

    def atrium(self, assistant: str, turns: int, together: int, tokens: int, pace: float) -> tuple[list[float], float]:
        """Seconds from each question to the model's being asked, and the server's CPU seconds for all."""
        self._round += 1
        threads = [self._tenant["threads"].pop() for _ in range(turns)]
        order = {
            **{name: self._tenant[name] for name in ("host", "key")},
            "port": int(self._server.url.rsplit(":", 1)[1]),
            **{"assistant": assistant, "threads": threads, "together": together, "tokens": tokens, "pace": pace},
            "label": f"atrium-{self._round}",
        }
        before = _cpu_seconds(self._server.pid)
        measured = _run("benchmarks.runs.asking", order)
        return self._before_model(measured["asked_at"]), _cpu_seconds(self._server.pid) - before

    def bare(self, turns: int, together: int, tokens: int, pace: float) -> tuple[list[float], float]:
        """The same for the bare client."""
        order = {"base_url": self._model, "turns": turns, "together": together, "tokens": tokens, "pace": pace}
        measured = _run("benchmarks.runs.bare", order)
        return self._before_model(measured["asked_at"]), measured["cpu"]

    def _before_model(self, asked_at: dict[str, float]) -> list[float]:
        lines = [json.loads(line) for line in self._journal.read_text().splitlines()]
        arrived = {line["id"]: line["at"] for line in lines if line["event"] == "asked"}
        return [arrived[name] - at for name, at in asked_at.items()]


def _times(bench: Bench) -> list[Figure]:
    """One turn after the other: the machine is idle but for this."""
    plainly, found, bare = [], [], []
    for _ in range(ROUNDS):
        plainly.append(_median_ms(bench.atrium("bench_assistant", TURNS, 1, SHORT, 0.0)[0]))
        found.append(_median_ms(bench.atrium("docs_assistant", TURNS, 1, SHORT, 0.0)[0]))
        bare.append(_median_ms(bench.bare(TURNS, 1, SHORT, 0.0)[0]))
    added, aim = min(plainly) - min(bare), f"at most {MOST_ADDED:g}"
    return [
        Figure("added before the model is called, p50", added, "ms", aim, added <= MOST_ADDED),
        plain("from a client's request to the model's, Atrium", min(plainly), "ms"),
        plain("the same of a bare langchain-openai stream", min(bare), "ms"),
        plain("with a search in the tenant's documents, Atrium", min(found), "ms"),
    ]


def _cpu(bench: Bench) -> list[Figure]:
    atrium, bare = [], []
    for _ in range(ROUNDS):
        atrium.append(_slope(*(bench.atrium("bench_assistant", TOGETHER, TOGETHER, n, PACE)[1] for n in (LONG, SHORT))))
        bare.append(_slope(*(bench.bare(TOGETHER, TOGETHER, n, PACE)[1] for n in (LONG, SHORT))))
    ours, theirs = statistics.median(atrium), statistics.median(bare)
    more, aim = ours - theirs, f"at most {MOST_CPU:g}"
    return [
        Figure("CPU for a token, more than the bare stream", more, "ms", aim, more <= MOST_CPU),
        plain("CPU for a token, Atrium's server", ours, "ms"),
        plain("CPU for a token, bare langchain-openai stream", theirs, "ms"),
    ]


def _slope(of_long: float, of_short: float) -> float:
    """Milliseconds a token."""
    return 1000 * (of_long - of_short) / (TOGETHER * (LONG - SHORT))


def _median_ms(seconds: list[float]) -> float:
    return 1000 * statistics.median(seconds)


def _cpu_seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def _run(module: str, order: dict[str, Any]) -> dict[str, Any]:
    ended = subprocess.run(
        [sys.executable, "-m", module],
        cwd=ROOT,
        env=clean_environment(),
        input=json.dumps(order),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


# -- the parts


def _seed(database: str) -> dict[str, Any]:
    """A tenant with a document and threads, in a process of its own: this one may have another database already."""
    variables = clean_environment(
        DATABASE_URL=database, ATRIUM_DEBUG="1", DJANGO_SETTINGS_MODULE="benchmarks.settings", THREADS=str(_threads())
    )
    command = [sys.executable, "-m", "benchmarks.runs.seed"]
    seeded = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert seeded.returncode == 0, seeded.stderr
    return json.loads(seeded.stdout)


def _threads() -> int:
    return ROUNDS * (2 * TURNS + 2 * TOGETHER) + 10


@contextmanager
def _model(journal: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "tests.faults.model", "--port", str(port), "--journal", str(journal)]
    model = subprocess.Popen(command, cwd=ROOT, env=clean_environment())
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        model.terminate()
        model.wait(20)


@contextmanager
def _server(database: str, model: str, log: Path) -> Iterator[WebServer]:
    """As in production, with the one assistant more that only asks the model."""
    with web_server(
        log,
        **PRODUCTION,
        DJANGO_SETTINGS_MODULE="benchmarks.settings",
        DATABASE_URL=database,
        ATRIUM_INSECURE_HTTP="1",
        ATRIUM_LOG_LEVEL="WARNING",
        OPENAI_API_KEY="fake",
        OPENAI_BASE_URL=model,
    ) as server:
        yield server


def load() -> float:
    """The machine's load average of the last minute, of all of its users."""
    return os.getloadavg()[0]
