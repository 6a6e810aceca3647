"""Rules are kept in a process that hears of changes, whoever makes them; one that hears nothing reads them."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.db import transaction

from tenants.actors import Actor
from tenants.context import tenant_context
from tenants.models import AccessRule
from tenants.notifications import Listener
from tenants.rules import book
from tenants.rules.actions import RUN
from tenants.rules.book import RuleBook, rule_book
from tenants.rules.store import read_rules
from tests.statements import counted
from tests.waiting import until


@pytest.fixture
def elsewhere(acme, database_url) -> Iterator[psycopg.Connection]:
    """Another process' connection: what it does, this process' signals know nothing of."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET search_path TO acme, public")
        yield connection


def listening_book() -> RuleBook:
    """A book in a process that listens."""
    book = RuleBook(read_rules)
    book.heard("")
    return book


# -- over HTTP, with the server's own listener


async def allowed(client) -> bool:
    return (await client.get("/api/assistants/docs_assistant/")).status_code == 200


async def server_listens(client) -> None:
    """Wait until the server keeps the rules: a request then reads none."""

    async def now() -> bool:
        with counted() as statements:
            await allowed(client)
        return not [read for read in statements.reads if "tenants_accessrule" in read]

    await until(now, "the server keeps the rules")


CHANGES = {
    "a rule is switched off": (
        "UPDATE tenants_accessrule SET enabled = false",
        "UPDATE tenants_accessrule SET enabled = true",
    ),
    "all rules are gone": (
        "CREATE TEMP TABLE kept AS TABLE tenants_accessrule; TRUNCATE tenants_accessrule",
        "INSERT INTO tenants_accessrule SELECT * FROM kept; DROP TABLE kept",
    ),
    "a rule is added": (
        "INSERT INTO tenants_accessrule (effect, action, assistant_id, resource, audience, site_id, enabled, note,"
        " created_at) VALUES ('deny', '*', '', '', 'everyone', '', true, 'sql', now())",
        "DELETE FROM tenants_accessrule WHERE note = 'sql'",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_what_another_process_changes_in_sql_is_heard_at_once(server, acme, elsewhere, change):
    client = server.signed_in(acme)
    await server_listens(client)
    closing, opening = CHANGES[change]
    assert await allowed(client)
    elsewhere.execute(closing)

    async def refused() -> bool:
        return not await allowed(client)

    await until(refused, change)
    elsewhere.execute(opening)
    await until(lambda: allowed(client), f"undone: {change}")


async def test_a_group_that_another_process_renames_is_another_group(server, acme, elsewhere):
    def only_sales() -> None:
        sales = Group.objects.create(name="Sales")
        acme.member.groups.add(sales)
        AccessRule.objects.filter(action="assistant.*").update(audience="group", group=sales)

    await acme.run(only_sales)
    client = server.signed_in(acme)
    await server_listens(client)
    assert await allowed(client)
    elsewhere.execute(
        "DELETE FROM tenants_user_groups WHERE group_id = (SELECT id FROM auth_group WHERE name = 'Sales')"
    )
    assert not await allowed(client)
    elsewhere.execute("UPDATE auth_group SET name = 'Ventes' WHERE name = 'Sales'")
    elsewhere.execute(
        "INSERT INTO tenants_user_groups (user_id, group_id)"
        " SELECT u.id, g.id FROM tenants_user u, auth_group g WHERE u.username = 'member' AND g.name = 'Ventes'"
    )
    await until(lambda: allowed(client), "the renamed group is let in")
    await acme.run(Group.objects.filter(name="Ventes").delete)


async def test_a_turn_of_a_server_that_listens_reads_no_rules(server, acme):
    client = server.signed_in(acme)
    await server_listens(client)
    with counted() as statements:
        thread = (await client.post("/api/threads/", json={})).json()["id"]
        await client.get(f"/api/threads/{thread}/messages/")
        await client.get("/api/collections/")
    assert not [read for read in statements.reads if "tenants_accessrule" in read]


# -- the book by itself


def test_a_process_that_does_not_listen_keeps_nothing(acme):
    with tenant_context(acme.ref):
        book = RuleBook(read_rules)
        book.rules()
        assert book.kept() is None


def test_one_that_listens_reads_once_for_each_tenant(acme, globex):
    book = listening_book()
    for tenant in (acme, globex, acme, globex):
        with tenant_context(tenant.ref):
            read = book.rules()
            assert book.kept() is read
    with tenant_context(acme.ref):
        of_acme = book.rules()
    with tenant_context(globex.ref):
        assert book.rules() is not of_acme


def test_a_change_that_comes_while_the_rules_are_read_is_not_missed(acme):
    def read_and_be_late():
        rules = read_rules()
        book.heard("acme")
        return rules

    book = RuleBook(read_and_be_late)
    book.heard("")
    with tenant_context(acme.ref):
        book.rules()
        assert book.kept() is None


@pytest.mark.parametrize("event", ["deaf", "reconnected", "acme"])
def test_what_was_kept_is_forgotten(acme, event):
    book = listening_book()
    with tenant_context(acme.ref):
        book.rules()
        book.deaf() if event == "deaf" else book.heard("" if event == "reconnected" else event)
        assert book.kept() is None


def test_a_change_at_one_tenant_leaves_the_others_alone(acme, globex):
    book = listening_book()
    with tenant_context(globex.ref):
        kept = book.rules()
        book.heard("acme")
        assert book.kept() is kept


def test_inside_a_transaction_its_own_changes_are_seen_and_kept_from_everybody(acme):
    book = listening_book()
    who = acme.actor()
    with tenant_context(acme.ref):
        assert book.rules().decide(who, RUN, "docs_assistant").allowed
        with transaction.atomic():
            AccessRule.objects.update(enabled=False)
            assert not book.rules().decide(who, RUN, "docs_assistant").allowed
            transaction.set_rollback(True)
        assert book.rules().decide(who, RUN, "docs_assistant").allowed


def test_a_change_by_this_process_is_known_before_its_next_line(acme):
    with tenant_context(acme.ref):
        rule_book.heard("")
        try:
            rule_book.rules()
            rule = AccessRule.objects.create(effect="deny")
            assert rule_book.kept() is None
            assert not rule_book.rules().decide(acme.actor(), RUN, "docs_assistant").allowed
            rule.delete()
            assert rule_book.rules().decide(acme.actor(), RUN, "docs_assistant").allowed
            acme.member.groups.clear()
            assert rule_book.kept() is None
        finally:
            rule_book.deaf()


async def test_a_listener_that_stops_says_that_it_hears_nothing(database_url, acme):
    heard: list[str] = []
    listener = Listener()
    listener.on(book.CHANNEL, lambda payload: heard.append(payload or "connected"))
    listener.on_silence(lambda: heard.append("silence"))
    listener.start()

    async def connected() -> bool:
        return "connected" in heard

    await until(connected, "the listener connects")
    await listener.stop()
    assert heard[-1] == "silence"


def test_an_actor_of_no_kind_that_is_known_gets_nothing(acme):
    with tenant_context(acme.ref):
        assert not rule_book.rules().decide(Actor("visitor", acme.ref), RUN, "docs_assistant").allowed
