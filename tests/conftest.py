"""Fixtures for all tests: one database for the session, two tenants made once, a real server in the test's loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import hypothesis
import pytest
import uvicorn
from django.db import connections

from atrium.database_url import database_settings
from atrium.env import Environment
from tests import forgetting, keyed_provider, postgres
from tests import model_server as model_servers
from tests import redis_server as redis_servers
from tests.factories import TenantFixture
from tests.forgetting import Forgetter
from tests.keyed_provider import KeyedProvider
from tests.model_server import ModelServer
from tests.prompt_server import PromptServer
from tests.redis_server import RedisServer

hypothesis.settings.register_profile("atrium", deadline=None)  # how long an example takes is the machine's affair
hypothesis.settings.load_profile("atrium")


@pytest.fixture(scope="session")
def database_url(django_db_blocker) -> Iterator[str]:
    """A migrated database; its address, for child processes."""
    from tenants.provisioning.migrate import migrate_public

    with postgres.server(survives_power_cuts=False) as maintenance_url, postgres.database(maintenance_url) as url:
        connection = connections["default"]
        connection.settings_dict.update(database_settings(Environment({"DATABASE_URL": url})))
        with django_db_blocker.unblock():
            migrate_public()
            yield url
        connection.close()
        connection.close_pool()


@pytest.fixture(scope="session")
def tenants(database_url, django_db_blocker) -> dict[str, TenantFixture]:
    from tests.factories import make_tenant

    with django_db_blocker.unblock():
        return {name: make_tenant(name) for name in ("acme", "globex")}


@pytest.fixture(scope="session")
def forgetter(database_url, tenants) -> Iterator[Forgetter]:
    """What removes all that a test has left in both tenants and in the public schema."""
    with forgetting.forgetter(database_url, tenants.values()) as made:
        yield made


@pytest.fixture
def clean_tenants(tenants, forgetter, django_db_blocker) -> Iterator[dict[str, TenantFixture]]:
    """Both tenants as they were made; what the test leaves behind is removed after it."""
    from tenants.budgets import in_force
    from tenants.database import give_connections_back
    from tenants.hosts import host_map

    with django_db_blocker.unblock():
        yield tenants
        forgetter.forget()
        in_force.forget()
        host_map.forget()
        give_connections_back()


@pytest.fixture
def acme(clean_tenants) -> TenantFixture:
    return clean_tenants["acme"]


@pytest.fixture
def globex(clean_tenants) -> TenantFixture:
    return clean_tenants["globex"]


@pytest.fixture(autouse=True)
def nobody_provides_somewhere(monkeypatch) -> None:
    """Tenants without a database (tests/somewhere.py) have no model providers of their own: none are looked up."""
    from tenants.context import active_schema
    from tenants.credentials.in_force import NONE, provider_book
    from tests.somewhere import ELSEWHERE, SOMEWHERE

    read = provider_book._read
    monkeypatch.setattr(provider_book, "_read", lambda: NONE if active_schema() in (SOMEWHERE, ELSEWHERE) else read())


@pytest.fixture
def no_such_host(monkeypatch: pytest.MonkeyPatch) -> str:
    """A host's name that no name server knows; none is asked."""
    ask, name = socket.getaddrinfo, "nowhere.example"

    def getaddrinfo(host: object, *args: Any, **kwargs: Any) -> Any:
        if host == name:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return ask(host, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return name


@pytest.fixture
async def providers(settings) -> AsyncIterator[tuple[KeyedProvider, KeyedProvider]]:
    """Two model providers on this machine, which an operator has allowed tenants to name."""
    settings.ATRIUM_NETWORK_ALLOW = ["127.0.0.1"]
    async with keyed_provider.running("first") as first, keyed_provider.running("second") as second:
        yield first, second


_TLS = httpx.create_ssl_context()
"""Never used, and so made once: it reads all certificates of the machine, which takes longer than most tests."""


class Server:
    """A server on a local port, and clients for its hosts."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._clients: list[httpx.AsyncClient] = []

    def client(self, host: str, **headers: str) -> httpx.AsyncClient:
        """A client that speaks to ``host``; closed with the server."""
        client = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Host": f"{host}:{self.port}", **headers},
            verify=_TLS,
            timeout=30,
        )
        self._clients.append(client)
        return client

    def signed_in(self, tenant: TenantFixture) -> httpx.AsyncClient:
        """A client with the tenant's API key."""
        return self.client(tenant.host, **tenant.bearer)

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()


@pytest.fixture
async def server(clean_tenants) -> AsyncIterator[Server]:
    """The real ASGI application behind uvicorn, in the test's own event loop."""
    from atrium.asgi import application

    # Told to be TCP: only of such sockets does asyncio switch Nagle's algorithm off, which costs 40 ms a request.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    running = PromptServer(uvicorn.Config(application, log_config=None, lifespan="on"))
    task = asyncio.create_task(running.serve(sockets=[listening]))
    while not running.started:
        await asyncio.sleep(0.001)
    server = Server(listening.getsockname()[1])
    yield server
    await server.close()
    running.told_to_end.set()
    await task
    listening.close()


@pytest.fixture(scope="session")
def _redis_server(tmp_path_factory) -> Iterator[RedisServer]:
    program = redis_servers.program()
    assert program, f"There is no Redis to test with: {redis_servers.ADVICE}."
    server = RedisServer(program, tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture
def redis_server(_redis_server, settings) -> Iterator[RedisServer]:
    """A Redis that runs, and that the deployment uses; empty again after the test."""
    _redis_server.start()
    settings.REDIS_URL = _redis_server.url
    yield _redis_server
    _redis_server.stop()


@pytest.fixture(scope="session")
def _model_server(tmp_path_factory) -> Iterator[ModelServer]:
    with model_servers.running(tmp_path_factory.mktemp("model-server")) as running:
        yield running


@pytest.fixture
def model_server(_model_server, settings) -> Iterator[ModelServer]:
    """An OpenAI-compatible server that answers what the test tells it to, and that the deployment uses."""
    settings.ATRIUM_OPENAI_API_KEY = "key-of-the-tests"
    settings.ATRIUM_OPENAI_BASE_URL = _model_server.base_url
    yield _model_server
    _model_server.forget()
