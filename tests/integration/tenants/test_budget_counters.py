"""Counters of budgets: whatever the order of events, never above the limit, and in the end what was used."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import DatabaseError, ProgrammingError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenants.budgets.errors import BudgetExhausted
from tenants.budgets.lines import BudgetInForce, RunFacts, lines_for
from tenants.budgets.store import Reservation, settle
from tenants.context import public_context, tenant_context
from tenants.database import give_connections_back
from tenants.models import BudgetCounter, BudgetReservation

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def budgets(tokens: int, cost: Decimal | None = None) -> list[BudgetInForce]:
    """A fresh one of three levels; the middle one is the narrowest."""
    name = uuid4().hex[:12]
    return [
        BudgetInForce("platform", f"platform:{name}", "month", tokens * 2),
        BudgetInForce("tenant", f"own:{name}", "day", tokens, cost),
        BudgetInForce("each_member", f"each:{name}", "day", tokens * 3),
    ]


def reservation(of: list[BudgetInForce], tokens: int, cost: Decimal = Decimal(0), schema: str = "acme") -> Reservation:
    run = RunFacts(str(uuid4()), "docs", user_id=1)
    return Reservation(run.run_id, lines_for(of, run, schema, NOW), tokens, cost)


def reserve(wanted: Reservation) -> bool:
    """True where it was set aside."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(*wanted.as_sql())
    except DatabaseError as error:
        exhausted = wanted.exhausted_by(error)
        if exhausted is None:
            raise
        return False
    return True


def counters(of: list[BudgetInForce]) -> dict[str, BudgetCounter]:
    with public_context():
        return {row.budget: row for row in BudgetCounter.objects.filter(budget__in=[each.key for each in of])}


steps = st.lists(
    st.one_of(
        st.tuples(st.just("reserve"), st.integers(1, 60)),
        st.tuples(st.just("settle"), st.integers(0, 100)),  # per cent of what was set aside
        st.tuples(st.just("expire"), st.just(0)),
    ),
    max_size=30,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.integers(1, 100), steps)
def test_no_order_of_events_goes_above_the_limit_and_the_end_is_what_was_used(acme, limit, steps):
    of = budgets(limit)
    open_runs: list[Reservation] = []
    used = 0
    with tenant_context(acme.ref):
        for what, number in [*steps, *[("settle", 50)] * 30]:
            held = sum(run.tokens for run in open_runs)
            if what == "reserve":
                wanted = reservation(of, number)
                assert reserve(wanted) is (used + held + number <= limit)
                open_runs += [wanted] if used + held + number <= limit else []
            elif open_runs:
                run = open_runs.pop(0)
                spent = run.tokens * number // 100 if what == "settle" else 0
                settle(run.run_id, spent, None)
                settle(run.run_id, spent, None)  # a second time changes nothing
                used += spent
            for row in counters(of).values():
                assert row.tokens_used == used
                assert row.tokens_used + row.tokens_reserved <= limit
        assert {row.tokens_reserved for row in counters(of).values()} <= {0}
        assert not BudgetReservation.objects.filter(run_id__in=[run.run_id for run in open_runs]).exists()


def test_what_is_refused_by_one_budget_is_set_aside_at_none(acme):
    of = budgets(100)
    with tenant_context(acme.ref):
        assert reserve(reservation(of, 60))
        assert not reserve(reservation(of, 60))
        assert {row.tokens_reserved for row in counters(of).values()} == {60}


def test_money_is_counted_as_tokens_are(acme):
    of = budgets(10**6, Decimal("1.00"))
    with tenant_context(acme.ref):
        first, second = reservation(of, 10, Decimal("0.6")), reservation(of, 10, Decimal("0.5"))
        assert (reserve(first), reserve(second)) == (True, False)
        settle(first.run_id, 10, Decimal("0.25"))
        assert reserve(second)
        settle(second.run_id, 10, Decimal("0.80"))  # more than was thought: it counts whole
        row = counters(of)[of[1].key]
        assert (row.cost_used, row.cost_reserved) == (Decimal("1.05"), 0)
        assert not reserve(reservation(of, 10, Decimal(0)))  # not even one that seems to cost nothing


def test_runs_at_the_same_moment_do_not_overrun(acme):
    of = budgets(1000)
    with tenant_context(acme.ref):

        def one(_: int) -> Reservation | None:
            wanted = reservation(of, 90)
            try:
                return wanted if reserve(wanted) else None
            finally:
                give_connections_back()

        with ThreadPoolExecutor(8) as pool:
            jobs = [pool.submit(copy_context().run, one, number) for number in range(40)]
            held = [run for run in (job.result() for job in jobs) if run is not None]
        assert len(held) == 11  # 11 x 90 = 990
        with ThreadPoolExecutor(8) as pool:
            jobs = [pool.submit(copy_context().run, _settled, run) for run in held]
            [job.result() for job in jobs]
        rows = counters(of).values()
        assert {(row.tokens_used, row.tokens_reserved) for row in rows} == {(11 * 70, 0)}


def _settled(run: Reservation) -> None:
    settle(run.run_id, 70, None)
    give_connections_back()


def test_a_refusal_says_which_budget_and_when_it_starts_anew(acme):
    of = budgets(100)
    with tenant_context(acme.ref):
        wanted = reservation(of, 101)
        with pytest.raises(DatabaseError) as refused, connection.cursor() as cursor:
            cursor.execute(*wanted.as_sql())
        said = wanted.exhausted_by(refused.value)
    assert isinstance(said, BudgetExhausted)
    assert (said.status, said.code, said.facts["level"]) == (429, "budget_exhausted", "tenant")
    assert said.facts["resets_at"] == "2026-11-23T00:00:00+00:00"


def test_another_failure_is_not_taken_for_an_empty_budget(acme):
    with tenant_context(acme.ref), pytest.raises(DatabaseError) as failure, connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")
    assert reservation([], 1).exhausted_by(failure.value) is None


def test_a_tenant_counts_at_no_other_tenants_budget(acme, globex):
    of = budgets(100)
    foreign = reservation(of, 10, schema="globex")
    with tenant_context(acme.ref):
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(*foreign.as_sql())
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT public.atrium_settle('globex', 'run', 1, 0)")
        with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT public.atrium_warn(1, 80::smallint)")


def test_a_changed_limit_holds_from_the_next_run_on(acme):
    name = uuid4().hex[:12]
    with tenant_context(acme.ref):
        assert reserve(reservation([BudgetInForce("tenant", name, "day", 100)], 90))
        assert not reserve(reservation([BudgetInForce("tenant", name, "day", 100)], 90))
        assert reserve(reservation([BudgetInForce("tenant", name, "day", 200)], 90))
        assert not reserve(reservation([BudgetInForce("tenant", name, "day", 150)], 1))
