"""Budgets as SQL: what a run sets aside when it begins, and what it has used when it ends.

Both are calls of database functions that stand in the statements which begin and end the run: they are stored with its
question and with its answer, or not at all (docs/decisions/0009). What cannot be set aside fails the whole statement.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import DatabaseError, connection
from django.utils import timezone

from tenants.budgets.errors import BudgetExhausted, RuleLimit, TooMany
from tenants.budgets.lines import Line
from tenants.budgets.rule_limits import RunRate, rule_of
from tenants.context import require_tenant

Sql = tuple[str, list[Any]]

_EXHAUSTED = "AB429"  # the SQLSTATE that atrium_reserve raises
_TOO_FAST = "AB430"  # the one of atrium_begin_run, for runs a minute
_WHOSE = {
    "each_member": "this member",
    "member": "this member",
    "each_site": "this site",
    "site": "this site",
    "assistant": "this assistant",
    "tenant": "this tenant",
    "plan": "this tenant's plan",
    "operator": "this tenant",
    "platform": "the platform",
}


@dataclass(frozen=True, slots=True)
class Reservation:
    """What a run sets aside at each of its budgets: tokens, in and out together, and US dollars; and the ``rates`` of
    runs at which its beginning counts."""

    run_id: str
    lines: Sequence[Line]
    tokens: int
    cost: Decimal
    rates: Sequence[RunRate] = ()

    def as_sql(self) -> Sql:
        """A SELECT of one row (a NULL, as JSON) that sets it aside, or fails (``exhausted_by``)."""
        lines = json.dumps([line.as_json() for line in self.lines])
        rates = json.dumps([rate.as_json() for rate in self.rates])
        values = [require_tenant().schema_name, self.run_id, self.tokens, self.cost, lines, rates]
        return "SELECT NULL::jsonb FROM public.atrium_begin_run(%s, %s, %s, %s, %s::jsonb, %s::jsonb)", values

    def exhausted_by(self, error: DatabaseError) -> TooMany | None:
        """What the failure of the statement means, if a limit has made it fail. Owners are told of a budget, once a
        period."""
        cause: Any = error.__cause__
        state = getattr(cause, "sqlstate", None)
        if state == _TOO_FAST:
            rate = self.rates[int(cause.diag.message_detail)]
            return RuleLimit.of_runs(rate.rule_id, rate.runs_a_minute, float(cause.diag.message_hint))
        if state != _EXHAUSTED:
            return None
        line = self.lines[int(cause.diag.message_detail)]
        if line.level == "rule":
            return RuleLimit.of_tokens(rule_of(line), line.tokens, line.ends_at, _now())
        _warn(line)
        return BudgetExhausted(line.level, _WHOSE[line.level], line.ends_at, _now())


def settle_sql(run_id: str, tokens: Sql, cost: Sql) -> Sql:
    """A SELECT of one row that counts what a run has used and frees what it had set aside: once, however often it is
    called. ``tokens`` and ``cost`` are SQL expressions with their values."""
    call = f"SELECT public.atrium_settle(%s, %s, ({tokens[0]})::bigint, ({cost[0]})::numeric)"
    return call, [require_tenant().schema_name, run_id, *tokens[1], *cost[1]]


def settle(run_id: str, tokens: int, cost: Decimal | None) -> None:
    """The same at once, for a run that has no answer to be stored."""
    with connection.cursor() as cursor:
        cursor.execute(*settle_sql(run_id, ("%s", [tokens]), ("%s", [cost])))


def _warn(line: Line) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT public.atrium_warn_of_exhausted(%s, %s::jsonb)",
            [require_tenant().schema_name, json.dumps(line.as_json())],
        )


def _now() -> datetime:
    return timezone.now()
