"""At which budgets a run counts, and when they start anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.budgets.lines import LOCK_ORDER, BudgetInForce, RunFacts, lines_for
from tenants.budgets.periods import period_at
from tenants.budgets.rule_limits import rule_of, run_rates, token_limits
from tenants.rules.decide import Limits, Rule

NOW = datetime(2026, 2, 28, 23, 59, tzinfo=UTC)
RUN = RunFacts("run-1", "docs", user_id=7)
OF_A_SITE = RunFacts("run-2", "docs", site_id="shop")

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


@pytest.mark.parametrize(
    ("budget", "subjects"),
    [
        (BudgetInForce("site", "own:5", "day", 1, site_id="shop"), [""]),
        (BudgetInForce("site", "own:5", "day", 1, site_id="blog"), []),
        (BudgetInForce("each_site", "own:6", "day", 1), ["site:shop"]),
        (BudgetInForce("each_member", "own:4", "day", 1), []),
        (BudgetInForce("tenant", "own:1", "day", 1), [""]),
        (BudgetInForce("rule", "rule:9", "day", 1), ["site:shop"]),
    ],
)
def test_a_visitors_run_counts_at_the_budgets_of_its_site(budget, subjects):
    assert [line.subject for line in lines_for([budget], OF_A_SITE, "acme", NOW)] == subjects


@pytest.mark.parametrize("level", ["site", "each_site"])
def test_a_members_run_counts_at_no_site(level):
    assert not lines_for([BudgetInForce(level, "own:5", "day", 1, site_id="shop")], RUN, "acme", NOW)


def test_the_limits_of_a_rule_are_each_persons_own():
    rules = [
        Rule(8, "allow", frozenset({"assistant.run"}), limits=Limits(5, 30_000)),
        Rule(3, "allow", frozenset({"assistant.run"}), limits=Limits(7, None)),
    ]
    assert [each.as_json() for each in run_rates(rules, RUN)] == [
        {"key": "rule:3:member:7", "limit": 7},
        {"key": "rule:8:member:7", "limit": 5},
    ]
    (line,) = lines_for(token_limits(rules), RUN, "acme", NOW)
    assert (line.subject, line.tokens, rule_of(line)) == ("member:7", 30_000, 8)
    nobody = RunFacts("run-3", "docs")
    assert not [*run_rates(rules, nobody), *lines_for(token_limits(rules), nobody, "acme", NOW)]


def test_only_a_budget_of_all_tenants_together_has_a_counter_that_they_share():
    budgets = [BudgetInForce("platform", "platform:1", "day", 1), BudgetInForce("plan", "plan", "month", 1)]
    assert {line.budget: line.schema_name for line in lines_for(budgets, RUN, "acme", NOW)} == {
        "platform:1": "",
        "plan": "acme",
    }


@given(
    st.permutations(
        [
            BudgetInForce(level, f"{level}:{n}", "day", 1, assistant_id="docs", member_id=7, site_id="shop")
            for level in LOCK_ORDER
            for n in (1, 2)
        ]
    )
)
def test_counters_are_locked_in_one_order_whatever_the_order_of_the_budgets(budgets):
    expected = [(level, f"{level}:{n}") for level in LOCK_ORDER for n in (1, 2)]
    run = RunFacts("run-1", "docs", user_id=7, site_id="shop")
    assert [(line.level, line.budget) for line in lines_for(budgets, run, "acme", NOW)] == expected


@given(st.integers(1, 50), st.integers(1, 10**9), st.uuids())
def test_the_parts_of_a_budget_are_together_no_more_than_it(parts, tokens, run_id):
    budget = BudgetInForce("platform", "platform:1", "month", tokens, parts=parts)
    (line,) = lines_for([budget], RunFacts(str(run_id), "docs"), "acme", NOW)
    assert 0 <= line.part < parts
    assert (line.tokens or 0) * parts <= tokens
