"""The second wall: in a tenant's context the database itself refuses what is another tenant's."""

from __future__ import annotations

import asyncio

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DataError, ProgrammingError, connection, transaction
from procrastinate.contrib.django import app

from assistants.models import RunLease
from tenants.context import owner_rights, public_context, tenant_context
from tenants.database import in_database, in_thread
from tenants.models import Tenant, User
from tenants.provisioning import roles
from tenants.provisioning.create import create_tenant
from tenants.tasks import tenant_task

pytestmark = pytest.mark.usefixtures("clean_tenants")


def rows(sql: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def do(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def read_globex() -> list[tuple]:
    """A mistake of ours: a table of a neighbour, by its full name."""
    return rows("SELECT username FROM globex.tenants_user")


def refused(work=read_globex) -> bool:
    with pytest.raises(ProgrammingError, match="permission denied"):
        work()
    return True


def test_a_tenant_reads_its_own_tables_and_no_neighbours(acme, globex):
    with tenant_context(acme.ref):
        assert User.objects.filter(username="member").exists()
        assert refused()
    with tenant_context(globex.ref):
        assert ("member",) in read_globex()


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO globex.tenants_accessrule DEFAULT VALUES",
        "UPDATE globex.tenants_user SET username = 'x'",
        "DELETE FROM globex.assistants_thread",
        "TRUNCATE globex.assistants_thread",
        "DROP TABLE globex.assistants_thread",
        "CREATE TABLE globex.mine (id int)",
        "CREATE TABLE public.mine (id int)",
        "SELECT * FROM public.tenants_tenant",
        "SELECT * FROM public.tenants_user",
        "SELECT * FROM public.procrastinate_jobs",
        "DELETE FROM public.procrastinate_jobs",
        "DROP SCHEMA globex CASCADE",
    ],
)
def test_it_can_neither_read_nor_change_what_is_not_its_own(acme, sql):
    with tenant_context(acme.ref), pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        rows(sql)


def test_a_table_that_is_missing_in_its_schema_is_not_read_from_public(acme):
    with tenant_context(acme.ref), pytest.raises(ProgrammingError, match="permission denied"):
        rows("SELECT * FROM tenants_domain")


async def test_it_stands_on_every_way_that_work_takes(acme, globex):
    with tenant_context(acme.ref):
        assert await in_database(refused)
        assert await in_thread(refused)
        assert all(await asyncio.gather(*(in_database(refused) for _ in range(10))))
        assert await asyncio.to_thread(lambda: (refused(), connection.close()))


def test_it_stands_inside_a_transaction_and_after_a_rollback(acme):
    with tenant_context(acme.ref):
        with transaction.atomic():
            User.objects.count()
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                read_globex()
            assert User.objects.filter(username="member").exists()
        with transaction.atomic():
            User.objects.count()
            transaction.set_rollback(True)
        assert refused()


def test_going_to_public_and_back_inside_a_transaction_changes_the_rights_each_time(acme):
    with tenant_context(acme.ref), transaction.atomic():
        User.objects.count()
        with public_context():
            assert Tenant.objects.filter(schema_name="globex").exists()
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            read_globex()


def test_a_connection_that_goes_back_is_nobodys(acme):
    with tenant_context(acme.ref):
        User.objects.count()
        raw = connection.connection
        connection.close()
    assert raw.execute("SELECT current_user = session_user, current_setting('search_path')").fetchone() == (
        True,
        "public",
    )


def test_a_tenant_sees_its_own_leases_only(acme, globex):
    with public_context():
        for tenant in (acme, globex):
            RunLease.objects.create(
                schema_name=tenant.ref.schema_name,
                run_id="1",
                owner="00000000-0000-0000-0000-000000000001",
                heartbeat_at="2026-01-01T00:00:00Z",
            )
    with tenant_context(acme.ref):
        assert list(RunLease.objects.values_list("schema_name", flat=True)) == ["acme"]
        with pytest.raises(ProgrammingError, match="row-level security"):
            RunLease.objects.create(
                schema_name="globex",
                run_id="2",
                owner="00000000-0000-0000-0000-000000000001",
                heartbeat_at="2026-01-01T00:00:00Z",
            )
    with public_context():
        assert RunLease.objects.count() == 2


looked: list[str] = []


@tenant_task(name="tests.second_wall.look", queue="second wall")
def look() -> None:
    looked.append("refused" if refused() else "read")


async def test_a_job_is_deferred_by_a_tenant_and_walled_when_it_runs(acme):
    looked.clear()
    await acme.run(look.defer)
    worker = app.with_connector(app.connector.get_worker_connector())
    async with worker.open_async():
        await worker.run_worker_async(wait=False, install_signal_handlers=False, queues=["second wall"])
    assert looked == ["refused"]


def test_the_owner_reads_everything_where_it_says_so(acme):
    with tenant_context(acme.ref), owner_rights():
        assert ("member",) in read_globex()


def test_tables_that_come_later_are_the_tenants_own_too(acme):
    with tenant_context(acme.ref):
        with owner_rights():
            do("CREATE TABLE acme.later (id serial, note text)")
        try:
            assert rows("INSERT INTO later (note) VALUES ('x') RETURNING id") == [(1,)]
        finally:
            with owner_rights():
                do("DROP TABLE acme.later")


def test_roles_can_be_made_anew_after_a_restore(acme, globex):
    role = roles.role_of("acme")
    with public_context():
        do(f'DROP OWNED BY "{role}"; DROP ROLE "{role}"')
    connection.close()
    with tenant_context(acme.ref), pytest.raises(DataError, match="does not exist"):
        User.objects.count()
    roles.mend_roles()
    with tenant_context(acme.ref):
        assert User.objects.filter(username="member").exists()
        assert refused()


def test_a_table_of_all_tenants_knows_them_again_after_a_restore_into_a_database_of_another_name(acme):
    def policy() -> tuple:
        [found] = rows("SELECT roles, qual, with_check FROM pg_policies WHERE policyname = 'own_rows'")
        return found

    with public_context():
        before = policy()
        do("DROP POLICY own_rows ON assistants_runlease")
        do("CREATE POLICY own_rows ON assistants_runlease USING (schema_name || '.another' = current_user)")
        try:
            assert policy() != before
        finally:
            roles.prepare_roles()
        assert policy() == before


def test_a_failed_creation_leaves_no_role(monkeypatch):
    from tenants.provisioning import create

    monkeypatch.setattr(create, "replay", lambda script: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        create_tenant("shortlived", "Shortlived", "shortlived.localhost")
    with public_context():
        assert rows(f"SELECT 1 FROM pg_roles WHERE rolname = '{roles.role_of('shortlived')}'") == []


def test_a_database_user_that_may_make_no_roles_is_told_of_the_setting(acme, settings):
    with public_context(), transaction.atomic():
        do("CREATE ROLE powerless; SET LOCAL ROLE powerless")
        with pytest.raises(ImproperlyConfigured, match="ATRIUM_TENANT_ROLES=0"), transaction.atomic():
            roles._run(['CREATE ROLE "another"'])
        transaction.set_rollback(True)


def test_without_the_wall_nothing_is_refused(acme, settings):
    settings.ATRIUM_TENANT_ROLES = False
    with tenant_context(acme.ref):
        assert ("member",) in read_globex()
