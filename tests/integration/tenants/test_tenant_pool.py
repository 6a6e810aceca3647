"""Which of the pool's connections work gets: the one that knows its tenant."""

from __future__ import annotations

import pytest
from django.db import connection

from tenants.context import tenant_context
from tenants.db_backend.pool import KNOWN, TenantPool


@pytest.fixture
def free_connections(marked):
    """All connections of the pool are there, and know no tenant yet."""
    connection.close()
    pool = connection.pool
    out = [pool.getconn() for _ in range(pool.max_size)]
    for each in out:
        setattr(each, KNOWN, set())
    for each in out:
        pool.putconn(each)
    assert pool.max_size > 2
    yield marked
    connection.close()


def served_by(tenant) -> int:
    """The server process that answers a tenant's next query."""
    with tenant_context(tenant.ref):
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                return cursor.fetchone()[0]
        finally:
            connection.close()


def test_a_tenant_comes_back_to_the_connection_that_knows_it(free_connections):
    acme, globex = free_connections
    turns = [(served_by(acme), served_by(globex)) for _ in range(10)]
    assert len(set(turns)) == 1


def test_tenants_are_spread_over_the_connections(free_connections):
    acme, globex = free_connections
    assert served_by(acme) != served_by(globex)


def test_a_tenant_whose_connection_is_busy_gets_another_at_once(free_connections):
    acme, _ = free_connections
    known = served_by(acme)
    with tenant_context(acme.ref):
        busy = connection.pool.getconn()
    assert busy.info.backend_pid == known
    another = served_by(acme)
    assert another != known
    connection.pool.putconn(busy)
    assert served_by(acme) in (known, another)  # both know it


def test_a_tenant_whose_connection_has_ended_finds_another_to_stay_with(free_connections):
    acme, _ = free_connections
    known = served_by(acme)
    with tenant_context(acme.ref):
        ended = connection.pool.getconn()
    assert ended.info.backend_pid == known
    ended.close()
    connection.pool.putconn(ended)
    assert served_by(acme) != known
    assert served_by(acme) == served_by(acme)


def test_the_backend_makes_such_a_pool_with_the_settings_of_django(settings):
    options = settings.DATABASES["default"]["OPTIONS"]["pool"]
    assert isinstance(connection.pool, TenantPool)
    assert connection.pool.max_size == options["max_size"]
    assert connection.pool.timeout == options["timeout"]
