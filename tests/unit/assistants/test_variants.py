"""Which of a question's answers is shown, and what number each has."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistants.runs.variants import StoredAnswer, arranged, shown_run

NEW = "new"


@st.composite
def earlier_answers(draw: Any) -> list[StoredAnswer]:
    """Some earlier answers, of which one at the most is shown."""
    kinds = draw(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=5))
    shown = draw(st.integers(-1, len(kinds) - 1))
    return [
        StoredAnswer(f"run {place}", whole, readable, is_shown=place == shown)
        for place, (whole, readable) in enumerate(kinds)
    ]


def new(*, whole: bool, readable: bool) -> StoredAnswer:
    return StoredAnswer(NEW, whole, readable, is_shown=False)


@given(earlier_answers())
def test_a_whole_answer_that_can_be_read_is_shown_whatever_was_there(answers):
    assert shown_run(answers, new(whole=True, readable=True), None) == NEW


@given(earlier_answers(), st.booleans(), st.booleans())
def test_what_is_shown_is_there_and_can_be_read_if_anything_can(answers, whole, readable):
    latest = new(whole=whole, readable=readable)
    everything = {answer.run_id: answer for answer in (*answers, latest)}
    shown = everything[shown_run(answers, latest, None)]
    if any(answer.is_whole and answer.is_readable for answer in everything.values()):
        assert shown.is_whole or shown.is_shown
    if readable or not any(answer.is_shown for answer in answers):
        assert shown.is_readable or not any(answer.is_readable for answer in everything.values())


@given(earlier_answers(), st.booleans())
def test_a_piece_never_takes_the_place_of_a_whole_answer(answers, readable):
    shown = shown_run(answers, new(whole=False, readable=readable), None)
    if any(answer.is_whole and answer.is_readable for answer in answers):
        assert shown != NEW


@pytest.mark.parametrize("replaces", ["run 0", "run 1"])
def test_the_one_that_was_to_be_replaced_comes_back_where_none_is_shown(replaces):
    answers = [StoredAnswer(f"run {place}", True, True, is_shown=False) for place in range(2)]
    assert shown_run(answers, new(whole=False, readable=True), replaces) == replaces


@given(earlier_answers())
def test_answers_that_can_be_read_are_numbered_from_1_without_gaps(answers):
    found = arranged("question", answers, None)
    numbers = [found.number_of(answer.run_id) for answer in answers if answer.is_readable]
    assert numbers == list(range(1, len(numbers) + 1))
    assert found.total == max(1, len(numbers))
    assert all(1 <= found.number_of(answer.run_id) <= found.total for answer in answers)
