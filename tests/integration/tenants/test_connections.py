"""Connections go back to the pool, whatever becomes of the thread that used them."""

from __future__ import annotations

import gc
import threading

import pytest
from django.db import connection, transaction

from assistants.models import Thread
from tenants.context import tenant_context
from tenants.database import give_connections_back, in_database, in_thread
from tenants.models import AccessRule
from tests.integration.tenants.rows import in_a_new_thread, search_path, seen
from tests.waiting import PATIENCE


def in_use() -> int:
    """Connections of the pool that are out."""
    stats = connection.pool.get_stats()
    return stats["pool_size"] - stats["pool_available"]


def pids(count: int) -> set[int]:
    """The server processes behind ``count`` connections of the pool at once."""
    together = threading.Barrier(count)
    found: set[int] = set()

    def read() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            found.add(cursor.fetchone()[0])
        together.wait(PATIENCE)
        connection.close()

    threads = [threading.Thread(target=read) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_a_connection_that_another_tenant_had_is_pointed_at_the_right_one(marked):
    for tenant in marked * 5:
        with tenant_context(tenant.ref):
            assert seen() == [tenant.ref.schema_name]
            assert search_path() == f"{tenant.ref.schema_name}, public"
        connection.close()


def test_two_connects_on_one_thread_leave_nothing_behind(marked):
    acme, _ = marked
    connection.close()

    def connect_twice() -> list[str]:
        first = seen()
        connection.close()
        return first + seen()  # and the thread ends with this connection open

    with tenant_context(acme.ref):
        assert in_a_new_thread(connect_twice) == ["acme", "acme"]
    assert in_use() == 0


def test_a_connection_comes_back_when_its_thread_ends(marked):
    acme, _ = marked
    connection.close()
    with tenant_context(acme.ref):
        assert in_a_new_thread(lambda: (seen(), in_use())[1]) == 1
    assert in_use() == 0


def test_a_connection_comes_back_from_a_thread_that_dies_in_a_transaction(marked):
    acme, _ = marked
    connection.close()

    def die_in_a_transaction() -> None:
        connection.set_autocommit(False)
        AccessRule.objects.all().delete()

    with tenant_context(acme.ref):
        in_a_new_thread(die_in_a_transaction)
        assert AccessRule.objects.exists()  # rolled back
        connection.close()
    assert in_use() == 0


def test_the_pool_loses_no_connection_to_100_threads_that_die(marked):
    connection.close()
    for tenant in marked * 50:
        with tenant_context(tenant.ref):
            assert in_a_new_thread(seen) == [tenant.ref.schema_name]
    gc.collect()
    assert in_use() == 0
    most = connection.pool.max_size
    assert len(pids(most)) == most  # and all of them can be had at once


def test_in_the_middle_of_a_transaction_the_connection_stays(marked):
    acme, _ = marked
    with tenant_context(acme.ref), transaction.atomic():
        Thread.objects.create(name="kept")
        give_connections_back()
        assert "kept" in seen()
    give_connections_back()
    assert in_use() == 0


async def test_work_off_the_loop_gives_its_connection_back_also_when_it_fails(acme):
    def fail() -> None:
        seen()
        raise RuntimeError("on purpose")

    with tenant_context(acme.ref):
        for hop in (in_database, in_thread):
            assert await hop(seen) == []
            with pytest.raises(RuntimeError):
                await hop(fail)
    assert in_use() == 0
