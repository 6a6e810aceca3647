"""A whole deployment in processes of its own: PostgreSQL, a model server, two web processes, a worker.

Each can be killed, stopped, paused and started again. Ports stay the same, as behind a load balancer.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.faults import database
from tests.faults.database import Database
from tests.subprocesses import PRODUCTION, ROOT, clean_environment, free_port

PATIENCE = 120.0  # seconds that a process gets to start or to end
HEARTBEAT_EVERY, DEAD_AFTER = 0.7, 3.0  # seconds: quicker than a real deployment's, so that a round is short
RUN_TIMEOUT = 15.0  # seconds of one answer; the model can be silent for ever
FIRST_TOKEN, BETWEEN_TOKENS = 6.0, 4.0  # seconds that the model gets
GRACE = 2  # seconds that open streams get when a web process is told to end
WEB = ("web-0", "web-1")


class Process:
    """One process of the deployment, which may be started any number of times."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self._command = command
        self._environment = environment
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._running is not None
        return self._running.pid

    @property
    def is_alive(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def start(self) -> None:
        """Start it, if it does not run."""
        if self.is_alive:
            return
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(
                [sys.executable, *self._command], cwd=ROOT, env=self._environment, stdout=log, stderr=subprocess.STDOUT
            )

    def send(self, what: signal.Signals) -> None:
        """Send a signal, if it runs."""
        if self.is_alive:
            assert self._running is not None
            self._running.send_signal(what)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.send(signal.SIGKILL)
        self.wait()

    def wait(self) -> None:
        """Until it has ended."""
        if self._running is not None:
            self._running.wait(PATIENCE)

    def end(self) -> None:
        """Ask it to end, and make it end where it does not."""
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        try:
            self.wait()
        except subprocess.TimeoutExpired:
            self.kill()


@dataclass(frozen=True)
class TenantFacts:
    """How to speak to a tenant, and where its tables are."""

    name: str
    schema: str
    host: str
    key: str


@dataclass
class Deployment:
    """The processes, and the tenants that they serve."""

    database: Database
    model: Process
    worker: Process
    web: list[Process]
    ports: list[int]
    journal: Path
    environment: dict[str, str]
    tenants: list[TenantFacts] = field(default_factory=list)

    def run(self, module: str, *arguments: str) -> str:
        """What a module of ours prints, run in this deployment's environment."""
        return _printed(self.environment, module, *arguments)

    def headers(self, tenant: TenantFacts, port: int) -> dict[str, str]:
        """What a client of the tenant sends with each request."""
        return {"Host": f"{tenant.host}:{port}", "Authorization": f"Bearer {tenant.key}"}

    def heal(self) -> None:
        """Whatever is down is started, and whatever is paused goes on; returns when all answer."""
        self.database.start()
        for process in (self.model, self.worker, *self.web):
            process.send(signal.SIGCONT)
            process.start()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Until both web processes can serve."""
        for process, port in zip(self.web, self.ports, strict=True):
            wait_for(lambda port=port: _is_ready(port), process)

    def calls(self) -> list[dict[str, Any]]:
        """What became of the calls of the model, as it wrote it down."""
        lines = self.journal.read_text().splitlines() if self.journal.exists() else []
        return [json.loads(line) for line in lines]


@contextmanager
def running(folder: Path, **environment: str) -> Iterator[Deployment]:
    """A deployment that is up. ``folder`` gets the processes' logs; ``environment`` is put on top of theirs."""
    with ExitStack() as stack:
        base = stack.enter_context(database.running())
        model_port, ports = free_port(), [free_port() for _ in WEB]
        journal = folder / "calls.jsonl"
        variables = clean_environment(**_variables(base.url, model_port), **environment)
        tenants = _seed(variables)

        def process(name: str, *command: str) -> Process:
            made = Process(name, list(command), variables, folder / f"{name}.log")
            stack.callback(made.end)
            made.start()
            return made

        model = process("model", "-m", "tests.faults.model", "--port", str(model_port), "--journal", str(journal))
        worker = process("worker", "manage.py", "worker")
        web = [process(name, *_uvicorn(port)) for name, port in zip(WEB, ports, strict=True)]
        made = Deployment(base, model, worker, web, ports, journal, variables, tenants)
        made.wait_until_ready()
        yield made


def wait_for(happened: Callable[[], bool], process: Process) -> None:
    """Wait until it happens; a process that is not there any more will not bring it about."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert process.is_alive, f"{process.name} ended: {process.log.read_text()[-2000:]}"
        assert time.monotonic() < deadline, f"{process.name} is not ready: {process.log.read_text()[-2000:]}"
        time.sleep(0.1)


def _variables(database_url: str, model_port: int) -> dict[str, str]:
    return {
        **PRODUCTION,
        "DJANGO_SETTINGS_MODULE": "atrium.settings",
        "DATABASE_URL": database_url,
        "ATRIUM_INSECURE_HTTP": "1",
        "ATRIUM_DATABASE_TIMEOUT": "3",
        "ATRIUM_RUN_TIMEOUT": str(RUN_TIMEOUT),
        "AI_ASSISTANT_MODEL_FIRST_TOKEN_SECONDS": str(FIRST_TOKEN),
        "AI_ASSISTANT_MODEL_BETWEEN_TOKENS_SECONDS": str(BETWEEN_TOKENS),
        "ATRIUM_HEARTBEAT_EVERY": str(HEARTBEAT_EVERY),
        "ATRIUM_DEAD_AFTER": str(DEAD_AFTER),
        "ATRIUM_LOG_LEVEL": "WARNING",
        "OPENAI_API_KEY": "key-of-the-faults",
        "OPENAI_BASE_URL": f"http://127.0.0.1:{model_port}/v1",
    }


def _uvicorn(port: int) -> list[str]:
    """As the Dockerfile starts it, with less patience at the end."""
    return [
        *("-m", "uvicorn", "atrium.asgi:application", "--port", str(port), "--lifespan", "on"),
        *("--no-access-log", "--timeout-graceful-shutdown", str(GRACE)),
    ]


def _seed(variables: dict[str, str]) -> list[TenantFacts]:
    return [TenantFacts(**facts) for facts in json.loads(_printed(variables, "tests.faults.seed"))]


def _printed(variables: dict[str, str], module: str, *arguments: str) -> str:
    command = [sys.executable, "-m", module, *arguments]
    ended = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def _is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
