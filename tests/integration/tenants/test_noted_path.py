"""Where a connection stands is noted on it, so that nothing is set twice; never wrongly."""

from __future__ import annotations

import pytest
from django.db import DataError, connection, transaction

from tenants.context import tenant_context
from tenants.db_backend import place
from tests.integration.tenants.rows import search_path, seen
from tests.statements import Statements, counted


def sets(statements: Statements) -> list[str]:
    """Those statements that set the path."""
    return [statement for statement in statements if statement.startswith("SET ")]


@pytest.fixture
def one_connection(marked):
    """Every checkout gets the same connection: the only one that is not out."""
    others = [connection.pool.getconn() for _ in range(connection.pool.max_size - 1)]
    connection.close()
    yield marked
    connection.close()
    for other in others:
        connection.pool.putconn(other)


def test_without_the_wall_the_next_checkout_of_the_same_tenant_sets_nothing(one_connection, settings):
    settings.ATRIUM_TENANT_ROLES = False
    acme, _ = one_connection
    with tenant_context(acme.ref):
        seen()
        connection.close()
        with counted() as statements:
            for _ in range(3):
                assert seen() == ["acme"]
                connection.close()
    assert sets(statements) == []


def test_with_the_wall_a_tenant_is_entered_once_a_checkout_and_left_before_the_next(one_connection):
    acme, _ = one_connection
    with tenant_context(acme.ref):
        for _ in range(3):
            with counted() as statements:
                assert seen() == seen() == ["acme"]
            assert len(sets(statements)) == 1
            connection.close()
    assert search_path() == "public"


def test_the_next_checkout_of_another_tenant_sets_its_path(one_connection):
    for tenant in one_connection * 3:
        with tenant_context(tenant.ref), counted() as statements:
            assert seen() == [tenant.ref.schema_name]
            assert len(sets(statements)) == 1
        connection.close()


@pytest.mark.parametrize("next_one", [0, 1], ids=["acme", "globex"])
def test_nothing_is_taken_for_granted_after_a_transaction_that_set_the_path(one_connection, next_one):
    acme, globex = one_connection
    with tenant_context(globex.ref):
        seen()
    with tenant_context(acme.ref), transaction.atomic():
        seen()
    connection.close()
    tenant = one_connection[next_one]
    with tenant_context(tenant.ref), counted() as statements:
        assert seen() == [tenant.ref.schema_name]
    assert len(sets(statements)) == 1


def test_a_connection_given_back_in_mid_transaction_is_right_for_whoever_comes_next(one_connection):
    acme, globex = one_connection
    with tenant_context(acme.ref):
        seen()
    with tenant_context(globex.ref):
        connection.set_autocommit(False)
        seen()  # the path is set inside the transaction
        connection.connection, raw = None, connection.connection
        raw._pool.putconn(raw)  # the pool rolls back, and the path with it
        connection.autocommit = True
        assert seen() == ["globex"]
        assert search_path() == "globex, public"


def test_a_path_that_could_not_be_set_is_not_noted(one_connection, monkeypatch):
    acme, globex = one_connection
    with tenant_context(acme.ref):
        seen()
    with tenant_context(globex.ref):
        monkeypatch.setattr(place, "quoted", lambda name: "'x' x")
        with pytest.raises(Exception, match="syntax error"):
            seen()
        monkeypatch.undo()
        connection.close()
        assert seen() == ["globex"]


def test_an_error_in_a_statement_leaves_the_path_as_it_is(one_connection):
    acme, _ = one_connection
    with tenant_context(acme.ref):
        with pytest.raises(DataError), connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")
        connection.close()
        assert seen() == ["acme"]
        assert search_path() == "acme, public"
