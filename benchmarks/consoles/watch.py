"""Which statements a page asks, and how long each takes PostgreSQL and the way there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

from django.db import connection
from django.db.backends.utils import CursorWrapper


@dataclass(frozen=True)
class Statement:
    """One that was asked, with the milliseconds that it took."""

    sql: str
    parameters: Any
    took: float

    def explained(self) -> str:
        """PostgreSQL's plan with times and buffers, of another time that it is asked."""
        if not self.sql.lstrip().upper().startswith(("SELECT", "WITH")):
            return "(it writes)"
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {self.sql}", self.parameters)
            return "\n".join(row[0] for row in cursor.fetchall())


@contextmanager
def watched() -> Iterator[list[Statement]]:
    """The statements that run inside the block, in their order."""
    statements: list[Statement] = []
    execute = CursorWrapper.execute

    def record(self: Any, sql: Any, params: Any = None) -> Any:
        began = time.perf_counter_ns()
        try:
            return execute(self, sql, params)
        finally:
            statements.append(Statement(str(sql), params, (time.perf_counter_ns() - began) / 1e6))

    with mock.patch.object(CursorWrapper, "execute", record):
        yield statements
