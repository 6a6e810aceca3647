"""Queries whose SQL Django writes once.

Writing a query's SQL takes Django several times as long as PostgreSQL takes to answer it (docs/why/performance.md).
For the few queries that every request asks, it is written at the first use; from then on only the values change.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)


class Prepared(Generic[Row]):
    """A query that is asked again and again with other values.

    Parameters
    ----------
    make
        Gives the queryset, with some value of the right kind in each place. Called once, when the apps are ready.

    ``rows`` and ``first`` take the values in the order in which they stand in the SQL.
    """

    def __init__(self, make: Callable[[], QuerySet[Row]]) -> None:
        self._make = make

    @cached_property
    def _query(self) -> tuple[type[Row], str]:
        queryset = self._make()
        sql, _ = queryset.query.sql_with_params()
        return queryset.model, sql

    def first(self, *values: Any) -> Row | None:
        """The first row as an instance, with its annotations; None where there is none."""
        model, sql = self._query
        return next(iter(model._default_manager.raw(sql, values)), None)

    def rows(self, *values: Any) -> list[tuple[Any, ...]]:
        """The rows as tuples of the columns, as the database gives them: for ``values_list``."""
        _, sql = self._query
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall()
