"""Which tenant answers at a host: a map in the process that hears of every change, whoever makes it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import psycopg
import pytest

from tenants import hosts
from tenants.context import public_context
from tenants.database import in_database
from tenants.hosts import HostMap, host_map
from tenants.models import Domain, Tenant
from tenants.notifications import SIGN_OF_LIFE, Listener
from tests.waiting import until

NEW = "new.localhost"


class OtherProcess:
    """Changes hosts and tenants on a connection that this process' signals know nothing of."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def add_host(self, host: str, schema_name: str) -> None:
        self.connection.execute(
            "INSERT INTO tenants_domain (domain, is_primary, tenant_id)"
            " SELECT %s, false, id FROM tenants_tenant WHERE schema_name = %s",
            [host, schema_name],
        )

    def remove_host(self, host: str) -> None:
        self.connection.execute("DELETE FROM tenants_domain WHERE domain = %s", [host])

    def set_status(self, schema_name: str, status: str) -> None:
        self.connection.execute("UPDATE tenants_tenant SET status = %s WHERE schema_name = %s", [status, schema_name])

    def cut_listeners(self) -> int:
        """End the connections that listen; returns how many there were."""
        listening = "(query LIKE 'LISTEN%%' OR query = %s) AND datname = current_database()"
        ended = self.connection.execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {listening}", [SIGN_OF_LIFE]
        )
        return len(ended.fetchall())


@pytest.fixture
def other_process(clean_tenants, database_url) -> Iterator[OtherProcess]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        other = OtherProcess(connection)
        yield other
        other.remove_host(NEW)
        for schema_name in clean_tenants:
            other.set_status(schema_name, "active")


def answers(client, status: int):
    async def now() -> bool:
        return (await client.get("/api/threads/")).status_code == status

    return now


@pytest.fixture(autouse=True)
def no_map_ends_of_old_age(monkeypatch) -> None:
    """What is seen in these tests was heard, not looked up again after a while."""
    monkeypatch.setattr(hosts, "MAX_AGE", float("inf"))


# -- a server, told by another process


async def test_a_host_that_another_process_adds_and_removes_comes_and_goes(server, acme, other_process):
    client = server.client(NEW, **acme.bearer)
    assert (await client.get("/api/threads/")).status_code == 404
    other_process.add_host(NEW, "acme")
    await until(answers(client, 200), "the new host is served")
    other_process.remove_host(NEW)
    await until(answers(client, 404), "the host is gone")


async def test_a_tenant_that_another_process_suspends_and_resumes_is_refused_and_served(server, acme, other_process):
    client = server.signed_in(acme)
    assert (await client.get("/api/threads/")).status_code == 200
    other_process.set_status("acme", "suspended")
    await until(answers(client, 403), "the tenant is refused")
    other_process.set_status("acme", "active")
    await until(answers(client, 200), "the tenant is served again")


async def test_a_host_that_moves_to_another_tenant_serves_that_one(server, acme, globex, other_process):
    other_process.add_host(NEW, "acme")
    with_acmes_key, with_globexs_key = server.client(NEW, **acme.bearer), server.client(NEW, **globex.bearer)
    await until(answers(with_acmes_key, 200), "the host serves acme")
    other_process.connection.execute(
        "UPDATE tenants_domain SET tenant_id = (SELECT id FROM tenants_tenant WHERE schema_name = 'globex')"
        " WHERE domain = %s",
        [NEW],
    )
    await until(answers(with_globexs_key, 200), "the host serves globex")
    assert (await with_acmes_key.get("/api/threads/")).status_code == 401


async def test_a_change_while_nobody_listened_is_not_missed(server, acme, other_process):
    client = server.client(NEW, **acme.bearer)
    assert (await client.get("/api/threads/")).status_code == 404

    async def cut() -> bool:
        return other_process.cut_listeners() > 0

    await until(cut, "the server listens")
    other_process.add_host(NEW, "acme")  # heard by nobody: the server learns of it by listening again
    await until(answers(client, 200), "the new host is served")


# -- this process' own changes


async def test_a_change_of_its_own_is_known_at_once(clean_tenants, other_process):
    def add() -> None:
        with public_context():
            Domain.objects.create(domain=NEW, tenant=Tenant.objects.get(schema_name="acme"), is_primary=False)

    assert await host_map.find(NEW) is None
    await in_database(add)
    found = await host_map.find(NEW)
    assert found is not None
    assert (found.schema_name, found.domain_url) == ("acme", NEW)


# -- the map


async def test_it_reads_the_hosts_once(clean_tenants, monkeypatch):
    known = HostMap()
    assert await known.find("acme.localhost") is not None
    monkeypatch.setattr(Domain, "objects", None)
    assert await known.find("acme.localhost") is not None
    assert known.find_now("globex.localhost") is not None
    assert await known.find("nobody.localhost") is None


async def test_it_reads_them_again_after_a_while_though_it_heard_nothing(clean_tenants, other_process, monkeypatch):
    known = HostMap()
    assert await known.find(NEW) is None
    other_process.add_host(NEW, "acme")
    assert await known.find(NEW) is None
    monkeypatch.setattr(hosts, "MAX_AGE", -1.0)
    assert await known.find(NEW) is not None


@pytest.mark.parametrize("changes", [1, 3])
async def test_a_change_while_it_reads_is_not_lost(clean_tenants, other_process, monkeypatch, changes):
    known = HostMap()
    as_ref = Tenant.as_ref
    left = [changes]

    def changed_meanwhile(tenant: Tenant, **facts: str):
        if left[0]:
            left[0] -= 1
            other_process.remove_host(NEW)
            other_process.add_host(NEW, "acme")  # after the rows were read
            known.forget()
        return as_ref(tenant, **facts)

    monkeypatch.setattr(Tenant, "as_ref", changed_meanwhile)
    await known.find(NEW)
    assert await known.find(NEW) is not None


async def test_a_slow_reader_does_not_bring_back_what_was_forgotten(clean_tenants, other_process, monkeypatch):
    known = HostMap()
    as_ref = Tenant.as_ref
    reading, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(tenant: Tenant, **facts: str):
        if not reading.is_set():
            loop.call_soon_threadsafe(reading.set)
            asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result()
        return as_ref(tenant, **facts)

    monkeypatch.setattr(Tenant, "as_ref", slow)
    old = asyncio.create_task(known.find(NEW))
    await reading.wait()
    other_process.add_host(NEW, "acme")
    known.forget()
    assert await known.find(NEW) is not None  # a second reader, done before the first
    go_on.set()
    assert await old is None
    assert await known.find(NEW) is not None


# -- the listener


async def test_a_listener_whose_callback_fails_goes_on_listening(clean_tenants, other_process):
    heard: list[str] = []

    def fail_at_first(payload: str) -> None:
        heard.append(payload)
        if len(heard) < 3:
            raise RuntimeError("on purpose")

    listener = Listener()
    listener.on("atrium_tests", fail_at_first)
    listener.start()

    async def three_were_heard() -> bool:
        other_process.connection.execute("NOTIFY atrium_tests, 'news'")
        return len(heard) >= 3

    await until(three_were_heard, "the listener hears on")
    await listener.stop()
    assert heard[0] == ""
    assert set(heard[1:]) == {"news"}
