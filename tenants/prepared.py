"""Queries whose SQL Django writes once.

Writing a query's SQL takes Django several times as long as PostgreSQL takes to answer it.
For the few queries that every request asks, it is written at the first use; from then on only the values change.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Generic, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Expression, Field, Model, QuerySet

from tenants.context import active_schema

Row = TypeVar("Row", bound=Model)
_NEVER_UNASKED = 2**31


class Given(Expression):
    """A place for a value in a prepared query: ``filter(pk=Given("key", UUIDField()))``.

    The value is handed to the database as it is: give what the field holds in Python, and no text in its place.
    """

    def __init__(self, name: str, output_field: Field[Any, Any]) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """A placeholder, and this in its place."""
        return "%s", [self]


class Prepared(Generic[Row]):
    """A query that is asked again and again with other values.

    Parameters
    ----------
    make
        Gives the queryset, with a ``Given`` in each place where the value differs. Called once, when the apps are
        ready.
    """

    def __init__(self, make: Callable[[], QuerySet[Row, Any]]) -> None:
        self._make = make

    def first(self, **given: Any) -> Row | None:
        """The first row as an instance, with its annotations as attributes; None where there is none.

        For models whose columns hold what their fields do in Python: not for JSON.
        """
        model, _, _, names = self._query
        rows = self.rows(**given)
        if not rows:
            return None
        fields = [field.attname for field in model._meta.concrete_fields]
        instance = model.from_db(DEFAULT_DB_ALIAS, fields, rows[0][: len(fields)])
        for name, value in zip(names, rows[0][len(fields) :], strict=True):
            setattr(instance, name, value)
        return instance

    def rows(self, **given: Any) -> list[tuple[Any, ...]]:
        """The rows as tuples, in the order of the columns. JSON comes as text."""
        _, sql, parameters, _ = self._query
        with connection.cursor() as cursor:
            cursor.execute(sql, [given[part.name] if isinstance(part, Given) else part for part in parameters])
            return cursor.fetchall()

    @cached_property
    def _query(self) -> tuple[type[Row], str, tuple[Any, ...], list[str]]:
        """The model, the SQL, its parameters, and the names of the columns after those of the model's fields."""
        queryset = self._make()
        sql, parameters = queryset.query.sql_with_params()
        return queryset.model, sql, parameters, list(queryset.query.annotation_select)


def prepared_rows(statement: str, parameters: Any) -> list[tuple[Any, ...]]:
    """The rows of a statement that PostgreSQL parses and plans once a connection and tenant, and not each time.

    For long statements that are asked again and again, with ``%(name)s`` for what differs. The schema is named in front
    of it: a statement of the same text on another tenant's schema would be planned anew at each change between them.
    Raises Django's database errors.
    """
    with connection.cursor() as cursor:  # brings the session to the tenant that is in force
        held = cursor.connection
        held.prepare_threshold = _NEVER_UNASKED  # Django's None would mean: not even when asked
        server_side = psycopg.Cursor(held)
        named = f"/* {active_schema().schema_name} */ {statement}"
        with connection.wrap_database_errors, server_side:
            return server_side.execute(named, parameters, prepare=True).fetchall()
