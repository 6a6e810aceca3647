"""At which budgets a run counts, and when they start anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.budgets.lines import LOCK_ORDER, BudgetInForce, RunFacts, lines_for
from tenants.budgets.periods import period_at

NOW = datetime(2026, 2, 28, 23, 59, tzinfo=UTC)
RUN = RunFacts("run-1", "docs", user_id=7)

moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@given(moments, st.sampled_from(["day", "month"]))
def test_every_moment_is_in_its_period_and_the_next_one_begins_where_it_ends(now, kind):
    period = period_at(kind, now)
    assert period.starts_at <= now < period.ends_at
    assert period_at(kind, period.starts_at) == period
    assert period_at(kind, period.ends_at).starts_at == period.ends_at
    assert period_at(kind, period.ends_at - timedelta(microseconds=1)) == period


def test_there_is_no_other_period():
    with pytest.raises(ValueError, match="week"):
        period_at("week", NOW)


@pytest.mark.parametrize(
    ("budget", "counts"),
    [
        (BudgetInForce("platform", "platform:1", "day", 1), True),
        (BudgetInForce("operator", "operator:1", "day", 1), True),
        (BudgetInForce("plan", "plan", "month", 1), True),
        (BudgetInForce("tenant", "own:1", "day", 1), True),
        (BudgetInForce("assistant", "own:2", "day", 1, assistant_id="docs"), True),
        (BudgetInForce("assistant", "own:2", "day", 1, assistant_id="other"), False),
        (BudgetInForce("member", "own:3", "day", 1, member_id=7), True),
        (BudgetInForce("member", "own:3", "day", 1, member_id=8), False),
        (BudgetInForce("each_member", "own:4", "day", 1), True),
    ],
)
def test_a_run_counts_at_the_budgets_that_are_about_it(budget, counts):
    assert bool(lines_for([budget], RUN, "acme", NOW)) is counts


def test_each_member_has_a_counter_and_so_has_a_key_that_acts_as_itself():
    budget = BudgetInForce("each_member", "own:4", "day", 1)
    subjects = [
        [line.subject for line in lines_for([budget], run, "acme", NOW)]
        for run in (RUN, RunFacts("r", "docs", api_key_id=3), RunFacts("r", "docs"))
    ]
    assert subjects == [["member:7"], ["key:3"], []]


def test_only_a_budget_of_all_tenants_together_has_a_counter_that_they_share():
    budgets = [BudgetInForce("platform", "platform:1", "day", 1), BudgetInForce("plan", "plan", "month", 1)]
    assert {line.budget: line.schema_name for line in lines_for(budgets, RUN, "acme", NOW)} == {
        "platform:1": "",
        "plan": "acme",
    }


@given(
    st.permutations(
        [
            BudgetInForce(level, f"{level}:{n}", "day", 1, assistant_id="docs", member_id=7)
            for level in LOCK_ORDER
            for n in (1, 2)
        ]
    )
)
def test_counters_are_locked_in_one_order_whatever_the_order_of_the_budgets(budgets):
    expected = [(level, f"{level}:{n}") for level in LOCK_ORDER for n in (1, 2)]
    assert [(line.level, line.budget) for line in lines_for(budgets, RUN, "acme", NOW)] == expected


@given(st.integers(1, 50), st.integers(1, 10**9), st.uuids())
def test_the_parts_of_a_budget_are_together_no_more_than_it(parts, tokens, run_id):
    budget = BudgetInForce("platform", "platform:1", "month", tokens, parts=parts)
    (line,) = lines_for([budget], RunFacts(str(run_id), "docs"), "acme", NOW)
    assert 0 <= line.part < parts
    assert (line.tokens or 0) * parts <= tokens
