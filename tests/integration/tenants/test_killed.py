"""A process that is killed in the middle leaves no half tenant; the same again then does it.

The children are real processes. An event trigger of PostgreSQL stops them inside their transaction, at a statement of
our choice, and there they are killed.
"""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psycopg
import pytest
from django.core.management import call_command

from tenants.database import give_connections_back
from tests.integration.tenants.fleet import LASTING, MADE, Fleet
from tests.next_version import MIGRATION_MODULES
from tests.subprocesses import ROOT, clean_environment
from tests.waiting import PATIENCE

GATE = 4242  # the advisory lock at which a child stops
NAME = "atrium-child"
NEW = "initech"
FIRST, LAST = "0001_initial", "0004_due"


@pytest.fixture
def fleet(clean_tenants, database_url) -> Iterator[Fleet]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        fleet = Fleet(connection)
        yield fleet
        connection.execute("DROP EVENT TRIGGER IF EXISTS gate; DROP FUNCTION IF EXISTS public.gate")
        connection.execute("DELETE FROM tenants_erasurereceipt")
        give_connections_back()
        fleet.go_back()


@pytest.fixture
def child(database_url):
    """``child("tenant", "create", ...)``: ``manage.py`` as an operator starts it."""
    address = f"{database_url}{'&' if '?' in database_url else '?'}application_name={NAME}"
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str, settings: str = "tests.settings") -> subprocess.Popen[bytes]:
        environment = clean_environment(
            DATABASE_URL=address,
            ATRIUM_DEBUG="1",
            ATRIUM_EXAMPLE="1",
            ATRIUM_LOG_LEVEL="ERROR",
            DJANGO_SETTINGS_MODULE=settings,
        )
        command = [sys.executable, "manage.py", *arguments]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def stop_children_at(fleet: Fleet, tag: str, schema: str) -> None:
    """Whoever of the children does such a statement in such a schema waits at the gate."""
    fleet.connection.execute("SELECT pg_advisory_lock(%s)", [GATE])
    fleet.connection.execute(
        f"""
        CREATE FUNCTION public.gate() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
            IF current_schema() = '{schema}' AND current_setting('application_name') = '{NAME}' THEN
                PERFORM pg_advisory_xact_lock({GATE});
            END IF;
        END $$;
        CREATE EVENT TRIGGER gate ON ddl_command_end WHEN TAG IN ('{tag}') EXECUTE FUNCTION public.gate();
        """.encode()
    )


def kill_at_the_gate(fleet: Fleet, process: subprocess.Popen[bytes]) -> None:
    """Kill -9 once the child waits inside its transaction, and see PostgreSQL notice."""
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted"
    for _ in range(3000):
        row = fleet.connection.execute(waiting, [GATE]).fetchone()
        if row and row[0]:
            break
        assert process.poll() is None, (process.communicate()[0] or b"").decode()
        time.sleep(0.02)
    else:
        raise AssertionError("the child never came to the gate")
    process.send_signal(signal.SIGKILL)
    assert process.wait(PATIENCE) == -signal.SIGKILL
    fleet.connection.execute("DROP EVENT TRIGGER gate; DROP FUNCTION public.gate")
    fleet.connection.execute("SELECT pg_advisory_unlock(%s)", [GATE])
    there = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
    for _ in range(1500):
        row = fleet.connection.execute(there, [NAME]).fetchone()
        if not (row and row[0]):
            return
        time.sleep(0.02)
    raise AssertionError("the child's connections are still there")


def again(*arguments: str) -> str:
    """What the same command says that nobody kills. Here: a process of its own would take seconds to begin."""
    said = io.StringIO()
    call_command(*arguments, stdout=said, stderr=said)
    return said.getvalue()


def what_is_there(fleet: Fleet) -> list[object]:
    """All that a tenant consists of, outside of its tables: its row, its hosts and its schema."""
    queries = (
        "SELECT count(*) FROM tenants_tenant WHERE schema_name = 'initech'",
        "SELECT count(*) FROM tenants_domain WHERE domain = 'initech.localhost'",
        "SELECT count(*) FROM pg_namespace WHERE nspname = 'initech'",
    )
    return [fleet.value("public", query) for query in queries]


@pytest.mark.parametrize("tag", ["CREATE SCHEMA", "CREATE TABLE", "ALTER TABLE", "CREATE INDEX"])
def test_a_tenant_whose_making_is_killed_is_not_there_and_can_be_made(fleet, child, tag):
    stop_children_at(fleet, tag, "public" if tag == "CREATE SCHEMA" else NEW)
    create = ("tenant", "create", NEW, "--host", f"{NEW}.localhost", "--owner", "bill")
    kill_at_the_gate(fleet, child(*create))
    assert what_is_there(fleet) == [0, 0, 0]
    assert "initech is there" in again(*create)
    assert what_is_there(fleet) == [1, 1, 1]
    assert fleet.value(NEW, "SELECT username FROM tenants_user") == "bill"


def test_a_tenant_whose_deletion_is_killed_is_there_with_everything_and_can_be_deleted(fleet, child):
    fleet.make()
    for number in range(20):
        fleet.add_issue(NEW, f"number {number}")
    stop_children_at(fleet, "DROP SCHEMA", "public")
    delete = ("tenant", "delete", NEW, "--name", "Initech")
    kill_at_the_gate(fleet, child(*delete))
    assert what_is_there(fleet) == [1, 1, 1]
    assert fleet.value(NEW, "SELECT count(*) FROM example_issue") == 20
    assert fleet.value("public", "SELECT count(*) FROM tenants_erasurereceipt") == 0
    assert "Initech is deleted" in again(*delete)
    assert what_is_there(fleet) == [0, 0, 0]
    assert fleet.value("public", "SELECT tables->'example_issue'->>'rows' FROM tenants_erasurereceipt") == "20"


@pytest.mark.parametrize("where", ["acme", "initech", "umbrella"], ids=["the leader", "another", "the last"])
def test_after_migrations_that_are_killed_every_tenant_has_what_it_says_and_the_next_run_goes_on(
    fleet, child, settings, where
):
    fleet.make()
    stop_children_at(fleet, "ALTER TABLE", where)
    kill_at_the_gate(fleet, child("migrate_tenants", settings="tests.next_version.settings"))
    for schema in (*LASTING, *MADE):
        applied, columns = fleet.applied(schema), fleet.columns(schema)
        assert ("0002_priority" in applied) == ("priority" in columns), schema
        assert (LAST in applied) == ("due" in columns), schema
    assert LAST not in fleet.applied(where)
    settings.MIGRATION_MODULES = MIGRATION_MODULES
    assert "0 failed, 0 not tried" in again("migrate_tenants")
    for schema in (*LASTING, *MADE):
        assert fleet.applied(schema)[-1] == LAST
        assert fleet.columns(schema) >= {"priority", "due"}
