"""Counting the statements that reach PostgreSQL, on whichever thread they are made.

``execute_wrapper`` and ``CaptureQueriesContext`` watch one thread's connection; Atrium's database work runs on an
executor's threads. Here the backend itself is watched, for the whole process: every statement that a cursor runs
(``SET search_path`` too), and the BEGIN and COMMIT that psycopg sends by itself around a transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from django.db.backends.utils import CursorWrapper

from tenants.db_backend.base import DatabaseWrapper


class Statements(list[str]):
    """The SQL, in the order in which it was sent."""

    @property
    def reads(self) -> list[str]:
        """The questions, without what is said around them."""
        return [statement for statement in self if statement.startswith("SELECT")]


@contextmanager
def counted() -> Iterator[Statements]:
    """The statements that run inside the block."""
    statements = Statements()
    execute, commit, begin = CursorWrapper.execute, DatabaseWrapper._commit, DatabaseWrapper._set_autocommit

    def record(self: Any, sql: Any, params: Any = None) -> Any:
        statements.append(str(sql))
        return execute(self, sql, params)

    def record_commit(self: Any) -> Any:
        statements.append("COMMIT")
        return commit(self)

    def record_begin(self: Any, autocommit: bool) -> Any:
        if not autocommit:
            statements.append("BEGIN")
        return begin(self, autocommit)

    with (
        mock.patch.object(CursorWrapper, "execute", record),
        mock.patch.object(DatabaseWrapper, "_commit", record_commit),
        mock.patch.object(DatabaseWrapper, "_set_autocommit", record_begin),
    ):
        yield statements
