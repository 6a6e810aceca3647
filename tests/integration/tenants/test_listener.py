"""How long a process may trust what it keeps: for as long as it would hear of a change."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import AsyncIterator

import psycopg
import pytest

from tenants import notifications
from tenants.budgets import in_force
from tenants.budgets.in_force import TermsBook
from tenants.context import tenant_context
from tenants.hosts import HostMap
from tenants.models import Budget
from tenants.notifications import SIGN_OF_LIFE, TRUST, Heard, Listener
from tests.waiting import until


class Kept:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.alive_at: list[float] = []

    def heard(self, payload: str) -> None:
        self.told.append(payload or "connected")

    def alive(self, at: float) -> None:
        self.alive_at.append(at)

    def deaf(self) -> None:
        self.told.append("deaf")


@pytest.fixture
async def kept(clean_tenants, database_url, monkeypatch) -> AsyncIterator[Kept]:
    """Of a listener that asks for signs of life at once."""
    monkeypatch.setattr(notifications, "PULSE", 0.01)
    kept, listener = Kept(), Listener()
    listener.tell("atrium_tests", kept)
    listener.start()
    yield kept
    await listener.stop()


def test_trust_ends_a_while_after_the_last_sign_of_life():
    heard = Heard()
    assert not heard
    heard.connected()
    assert heard
    heard.alive(time.monotonic() - TRUST - 1)
    assert not heard
    heard.alive(time.monotonic())
    assert heard
    heard.lost()
    assert not heard


async def test_all_that_is_said_between_signs_of_life_is_heard_once(kept, database_url):
    async def alive() -> bool:
        return len(kept.alive_at) > 2

    await until(alive, "signs of life come")
    said = [str(number) for number in range(300)]
    with psycopg.connect(database_url, autocommit=True) as other:
        for word in said:
            other.execute("SELECT pg_notify('atrium_tests', %s)", [word])

    async def all_heard() -> bool:
        return said[-1] in kept.told

    await until(all_heard, "the last is heard")
    assert kept.told == ["connected", *said]
    assert kept.alive_at == sorted(kept.alive_at)


async def test_a_connection_without_a_sign_of_life_is_made_anew(kept, database_url, monkeypatch):
    async def alive() -> bool:
        return bool(kept.alive_at)

    await until(alive, "a sign of life comes")
    monkeypatch.setattr(notifications, "PATIENCE", 0.05)
    monkeypatch.setattr(notifications, "RECONNECT_AFTER", 0.0)
    with psycopg.connect(database_url, autocommit=True) as other:
        found = other.execute(
            "SELECT pid FROM pg_stat_activity WHERE query = %s AND datname = current_database()", [SIGN_OF_LIFE]
        )
        backends = [pid for (pid,) in found]
    for pid in backends:
        os.kill(pid, signal.SIGSTOP)  # its socket is open, and nothing comes
    try:

        async def again() -> bool:
            return kept.told[-2:] == ["deaf", "connected"]

        await until(again, "the listener hangs up and connects again")
    finally:
        for pid in backends:
            os.kill(pid, signal.SIGCONT)


TERMS = {
    "acme.tenants_budget": "acme",
    "acme.tenants_ratelimit": "acme",
    "public.tenants_plan": "",
    "public.tenants_platformbudget": "",
    "public.tenants_modelprice": "",
    "public.tenants_tenant": "",
}


def test_a_change_of_terms_by_hand_is_said_to_all(acme, database_url):
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"LISTEN {in_force.CHANNEL}")
        for table in TERMS:
            connection.execute(f"UPDATE {table} SET id = id WHERE false")
        said = list(connection.notifies(timeout=20, stop_after=len(TERMS)))
    assert [each.payload for each in said] == list(TERMS.values())


@pytest.mark.parametrize("hears", [True, False])
def test_terms_and_hosts_are_read_again_by_age_only_where_nothing_is_heard(acme, monkeypatch, hears):
    monkeypatch.setattr(in_force, "MAX_AGE", -1.0)
    monkeypatch.setattr("tenants.hosts.MAX_AGE", -1.0)
    book, hosts = TermsBook(), HostMap()
    if hears:
        book.heard("")
        hosts.heard("")
    with tenant_context(acme.ref):
        assert (book.terms() is book.terms()) == hears
    hosts.find_now(acme.host)
    kept = hosts._loaded
    hosts.find_now(acme.host)
    assert (hosts._loaded is kept) == hears
    book.deaf()
    hosts.deaf()
    hosts.find_now(acme.host)
    assert hosts._loaded is not kept


def test_a_tenants_terms_are_forgotten_alone_and_what_operators_change_for_all(acme, globex):
    book = TermsBook()
    book.heard("")
    with tenant_context(globex.ref):
        theirs = book.terms()
    with tenant_context(acme.ref):
        ours = book.terms()
        Budget.objects.create(scope="tenant", tokens=5)
        book.heard("acme")
        assert [line.tokens for line in book.terms().budgets] == [5]
        assert ours.budgets != book.terms().budgets
    with tenant_context(globex.ref):
        assert book.terms() is theirs
        book.heard("")
        assert book.terms() is not theirs
