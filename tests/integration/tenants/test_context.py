"""The database backend follows the running context: through threads, transactions and connections that come and go."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable

import pytest
from django.db import DataError, ProgrammingError, connection, connections, transaction

from assistants.models import Thread
from tenants.context import PUBLIC, current_tenant, public_context, tenant_context
from tenants.database import give_connections_back, in_database, in_thread
from tenants.models import Tenant
from tests.factories import TenantFixture
from tests.integration.tenants.rows import in_a_new_thread, search_path, seen
from tests.waiting import PATIENCE

# -- the context is the only place where the tenant is kept


def test_it_reads_the_rows_of_the_tenant_in_force(marked):
    acme, globex = marked
    with tenant_context(acme.ref):
        assert seen() == ["acme"]
        with tenant_context(globex.ref):
            assert seen() == ["globex"]
        assert seen() == ["acme"]


def test_without_a_tenant_no_tenants_table_is_found(marked):
    assert current_tenant() is None
    with pytest.raises(ProgrammingError, match="does not exist"):
        seen()


def test_the_tenant_is_restored_after_an_error(marked):
    acme, globex = marked
    with tenant_context(acme.ref):
        with pytest.raises(RuntimeError), tenant_context(globex.ref):
            raise RuntimeError("on purpose")
        assert seen() == ["acme"]


def test_the_first_use_of_a_connection_in_a_new_thread_keeps_the_tenant(marked):
    acme, _ = marked
    with tenant_context(acme.ref):
        assert in_a_new_thread(seen) == ["acme"]
        assert current_tenant() == acme.ref


def test_making_a_connections_wrapper_does_not_touch_the_context_or_the_shared_settings(marked):
    acme, _ = marked
    settings_before = dict(connection.settings_dict)

    def make() -> str:
        _ = connections["default"].schema_name  # a new thread: this makes its wrapper
        return current_tenant().schema_name

    with tenant_context(acme.ref):
        assert in_a_new_thread(make) == "acme"
    assert connection.settings_dict == settings_before
    assert "SCHEMA" not in connection.settings_dict


def test_a_thread_without_the_context_sees_no_tenant(marked):
    acme, _ = marked
    results = []
    with tenant_context(acme.ref):
        thread = threading.Thread(target=lambda: results.append((current_tenant(), search_path())))
        thread.start()
        thread.join()
    assert results == [(None, "public")]


def test_two_threads_do_not_see_one_anothers_tenant(marked):
    both_inside = threading.Barrier(2)
    results: dict[str, list[str]] = {}

    def read(tenant: TenantFixture) -> None:
        with tenant_context(tenant.ref):
            first = seen()
            both_inside.wait(PATIENCE)
            results[tenant.ref.schema_name] = first + seen()

    threads = [threading.Thread(target=read, args=(tenant,)) for tenant in marked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {"acme": ["acme"] * 2, "globex": ["globex"] * 2}
    assert current_tenant() is None


async def test_interleaved_tasks_do_not_see_one_anothers_tenant(acme, globex):
    def mark() -> None:
        Thread.objects.create(name=current_tenant().schema_name)

    async def read(tenant: TenantFixture) -> set[str]:
        with tenant_context(tenant.ref):
            names = set()
            for hop in (in_database, in_thread, asyncio.to_thread) * 3:
                names |= set(await hop(then_give_back(seen)))
                await asyncio.sleep(0)
            return names

    for tenant in (acme, globex):
        await tenant.run(mark)
    found = await asyncio.gather(*(read(tenant) for tenant in (acme, globex) * 10))
    assert found == [{"acme"}, {"globex"}] * 10


def then_give_back(work: Callable[[], list[str]]) -> Callable[[], list[str]]:
    def wrapped() -> list[str]:
        try:
            return work()
        finally:
            give_connections_back()

    return wrapped


# -- django-tenants' own way in


def test_django_tenants_own_switches_reach_the_context(marked):
    acme, _ = marked

    def switch() -> list[list[str]]:
        connection.set_tenant(acme.ref)
        first = seen()
        connection.set_schema("globex")
        second = seen()
        connection.set_schema_to_public()
        return [first, second, [connection.schema_name]]

    assert contextvars.copy_context().run(switch) == [["acme"], ["globex"], ["public"]]
    assert current_tenant() is None


def test_a_tenants_row_can_be_entered_like_a_ref(marked):
    with public_context():
        row = Tenant.objects.get(schema_name="globex")

    def switch() -> list[str]:
        connection.set_tenant(row)
        return seen()

    assert contextvars.copy_context().run(switch) == ["globex"]


# -- transactions undo a SET


class OnPurpose(Exception):
    """Rolls back."""


def read_and_roll_back(tenant: TenantFixture) -> list[str]:
    """What ``tenant`` reads in a transaction (or a savepoint of the running one) that is then rolled back."""
    with contextlib.suppress(OnPurpose), transaction.atomic(), tenant_context(tenant.ref):
        found = seen()
        raise OnPurpose
    return found


def test_the_path_is_set_again_after_a_rollback(marked):
    acme, globex = marked
    with tenant_context(acme.ref):
        assert seen() == ["acme"]
        assert read_and_roll_back(globex) == ["globex"]
        assert seen() == ["acme"]
    with tenant_context(globex.ref):
        assert seen() == ["globex"]


def test_the_path_is_set_again_after_a_rollback_to_the_tenant_that_the_transaction_was_for(marked):
    acme, _ = marked
    with public_context():
        assert search_path() == "public"
    assert read_and_roll_back(acme) == ["acme"]
    with tenant_context(acme.ref):
        assert seen() == ["acme"]  # PostgreSQL is back on public; the wrapper must not believe otherwise


def test_the_path_is_set_again_after_a_rollback_to_a_savepoint(marked):
    acme, globex = marked
    with tenant_context(acme.ref), transaction.atomic():
        assert seen() == ["acme"]
        assert read_and_roll_back(globex) == ["globex"]
        assert seen() == ["acme"]
        with tenant_context(globex.ref):
            assert read_and_roll_back(globex) == ["globex"]
            assert seen() == ["globex"]
        assert seen() == ["acme"]


def test_the_path_is_right_when_a_tenant_was_entered_for_good_inside_of_what_is_rolled_back(marked):
    acme, globex = marked

    def enter_and_roll_back() -> list[str]:
        with transaction.atomic():
            with contextlib.suppress(OnPurpose), transaction.atomic():
                connection.set_tenant(globex.ref)
                assert seen() == ["globex"]
                raise OnPurpose
            return seen()

    with tenant_context(acme.ref):
        assert contextvars.copy_context().run(enter_and_roll_back) == ["globex"]


def test_a_savepoint_heals_an_error_that_happened_for_another_tenant(marked):
    acme, globex = marked
    with tenant_context(acme.ref), transaction.atomic():
        Thread.objects.create(name="kept")
        with contextlib.suppress(DataError), transaction.atomic(), tenant_context(globex.ref):
            divide_by_zero()
        assert sorted(seen()) == ["acme", "kept"]


def divide_by_zero() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")


def test_the_path_is_set_again_after_a_rollback_by_hand(marked):
    acme, _ = marked
    with public_context():
        assert search_path() == "public"
    with tenant_context(acme.ref):
        connection.set_autocommit(False)
        try:
            assert seen() == ["acme"]
            connection.rollback()
            assert seen() == ["acme"]
            connection.rollback()
        finally:
            connection.set_autocommit(True)


# -- cursors


def test_a_cursor_on_the_server_reads_the_tenants_rows(marked):
    acme, globex = marked
    for tenant in (globex, acme):
        with tenant_context(tenant.ref):
            assert [row.name for row in Thread.objects.iterator(chunk_size=1)] == [tenant.ref.schema_name]


def test_the_tables_of_a_schema_are_its_own(marked):
    acme, _ = marked
    with connection.cursor() as cursor, tenant_context(acme.ref):
        in_acme = set(connection.introspection.table_names(cursor))
    with connection.cursor() as cursor, tenant_context(PUBLIC):
        in_public = set(connection.introspection.table_names(cursor))
    assert "assistants_thread" in in_acme - in_public
    assert "tenants_tenant" in in_public - in_acme
