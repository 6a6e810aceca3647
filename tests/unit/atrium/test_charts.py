"""Charts of days: what is drawn, what is said beside it, and the table that says the same."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from atrium.dashboards.cards import dollars, number
from atrium.dashboards.charts import HEIGHT, STEP, Series, day_chart, last_days

TODAY = date(2026, 3, 3)


def test_a_chart_says_in_words_and_in_a_table_what_it_draws():
    ended = {date(2026, 3, 1): 3, date(2026, 3, 3): 1}
    failed = {date(2026, 3, 3): 1}
    series = [Series("runs", ended), Series("failed", failed, "bad")]
    chart = day_chart("runs", "Runs a day", last_days(3, TODAY), series, number)
    assert chart.summary == "Runs a day, 1 Mar to 3 Mar: 5 in all, most on 1 Mar (3)."
    assert chart.rows == [("1 Mar", ["3", "0"]), ("3 Mar", ["1", "1"])]
    assert [(bar.says, bar.tone) for bar in chart.bars] == [
        ("1 Mar: 3 runs", ""),
        ("3 Mar: 1 runs", ""),
        ("3 Mar: 1 failed", "bad"),
    ]


def test_days_without_anything_draw_nothing_and_say_so():
    chart = day_chart("runs", "Runs a day", last_days(7, TODAY), [Series("runs", {})], number)
    assert chart.is_empty
    assert chart.summary == "Runs a day, 25 Feb to 3 Mar: none."


@given(st.lists(st.tuples(st.integers(0, 89), st.integers(0, 10**9), st.integers(0, 10**9)), max_size=90))
def test_no_bar_leaves_the_drawing_and_none_that_counts_is_invisible(used):
    some = {TODAY - timedelta(days=back): one for back, one, _ in used}
    more = {TODAY - timedelta(days=back): two for back, _, two in used}
    chart = day_chart("runs", "Runs", last_days(90, TODAY), [Series("a", some), Series("b", more, "bad")], number)
    assert chart.width == 90 * STEP
    for bar in chart.bars:
        assert bar.height > 0
        assert 0 <= bar.x <= bar.x + bar.width <= chart.width
        assert 0 <= bar.y <= HEIGHT


def test_sums_of_money_are_shown_to_the_cent_and_small_ones_closer():
    from decimal import Decimal

    shown = [dollars(Decimal(value)) for value in ("0", "0.00031", "0.5", "12.345", "1234567.8")]
    assert shown == ["$0.00", "$0.0003", "$0.5000", "$12.35", "$1,234,567.80"]
