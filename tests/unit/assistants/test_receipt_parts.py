"""A receipt's parts: the timeline by a clock of the test's own, parts put together, versions of assistants."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.messages import ToolMessage

from assistants.assistants import AIAssistant
from assistants.replay import in_words, rows_of
from assistants.runs.receipts import columns_of, merged
from assistants.runs.timeline import Timeline
from assistants.versions import version_of
from tests.somewhere import Helper, aside


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


# -- the timeline


def test_steps_begin_when_they_begin_and_take_as_long_as_they_take(clock):
    timeline = Timeline(clock)
    clock.seconds += 0.01
    timeline.prepared("You help.", searches=True)
    clock.seconds += 0.2  # the question is rewritten
    timeline.searches_for("anvils")
    clock.seconds += 0.03
    timeline.found([Document("Heavy.", metadata={"number": 1})])
    prepare, search = timeline.steps
    assert (prepare["start_ms"], prepare["ms"]) == (0.0, 10.0)
    assert (search["start_ms"], search["ms"], search["query"], search["found"]) == (210.0, 30.0, "anvils", 1)


def test_only_the_first_retriever_says_what_is_searched_for(clock):
    timeline = Timeline(clock)
    timeline.searches_for("before")
    timeline.prepared("", searches=True)
    timeline.searches_for("the question")
    timeline.searches_for("a variation of it")
    timeline.found([])
    timeline.searches_for("inside a tool")
    assert timeline.steps[1]["query"] == timeline.query == "the question"


def test_what_did_not_come_to_an_end_has_no_length(clock):
    timeline = Timeline(clock)
    timeline.prepared("", searches=True)
    timeline.close()
    assert [(step["kind"], step["ms"]) for step in timeline.steps] == [("prepare", 0.0), ("search", None)]
    unprepared = Timeline(clock)
    unprepared.close()
    assert [(step["kind"], step["ms"]) for step in unprepared.steps] == [("prepare", None)]


def test_calls_with_one_id_are_told_apart(clock):
    timeline = Timeline(clock)
    first, second = ({"id": "call_1", "name": name, "args": {}} for name in ("a", "b"))
    timeline.tool_started(first)
    timeline.tool_started(second)
    clock.seconds += 1
    timeline.tool_finished(second, "ValueError")
    timeline.tool_finished(first, "")
    for text in ("of a", "of b"):
        timeline.tool_said(ToolMessage(text, tool_call_id="call_1"))
    said = [(call["name"], call["result"], call["status"]) for call in timeline.tool_calls]
    assert said == [("a", "of a", "completed"), ("b", "of b", "failed")]
    assert not timeline.is_in_tool


def test_a_call_that_was_never_made_was_refused(clock):
    timeline = Timeline(clock)
    timeline.tool_said(ToolMessage("A person refused this call.", tool_call_id="call_1", name="send_mail"))
    [call] = timeline.tool_calls
    assert (call["name"], call["status"], call["result"]) == ("send_mail", "refused", "A person refused this call.")
    assert timeline.steps == []


# -- parts put together

milliseconds = st.integers(0, 10**6).map(float)
tokens = st.integers(0, 10**6)
amounts = st.none() | st.decimals(0, 100, places=8).map(str)
steps = st.lists(st.fixed_dictionaries({"kind": st.just("model"), "start_ms": milliseconds, "ms": milliseconds}))


@st.composite
def receipts(draw):
    return {
        "model": draw(st.sampled_from(["", "a", "b"])),
        "prompt_hash": "",
        "passages": [],
        "removed_markers": draw(st.integers(0, 9)),
        "grounding": draw(st.sampled_from(["", "cited", "no_citation"])),
        "tool_calls": draw(st.lists(st.just({"name": "a"}), max_size=2)),
        "steps": draw(steps),
        "first_token_ms": draw(st.none() | milliseconds),
        "total_ms": draw(milliseconds),
        "tokens": {"in": draw(tokens), "out": draw(tokens), "cached": draw(tokens)},
        "cost": {"amount": draw(amounts), "currency": "USD", "prices": {}},
    }


def normal(receipt):
    amount = receipt["cost"]["amount"]
    return {**receipt, "cost": {**receipt["cost"], "amount": None if amount is None else Decimal(amount)}}


@given(receipts(), receipts(), receipts())
def test_it_is_all_one_in_which_order_parts_are_put_together(a, b, c):
    assert normal(merged(merged(a, b), c)) == normal(merged(a, merged(b, c)))


@given(receipts())
def test_a_run_that_has_only_begun_adds_nothing(receipt):
    begun = {"assistant": {"id": "a", "version": "1"}, "rule": None}
    assert normal(merged(begun, receipt)) == {**begun, **normal(receipt)}


@given(receipts(), receipts())
def test_the_parts_add_up(a, b):
    columns = columns_of(merged(a, b))
    assert columns["tokens_in"] == a["tokens"]["in"] + b["tokens"]["in"]
    known = [Decimal(part["cost"]["amount"]) for part in (a, b) if part["cost"]["amount"] is not None]
    assert columns["cost"] == (sum(known) if len(known) == 2 else None)


# -- drawn to scale


@given(steps, milliseconds)
def test_every_bar_is_visible_and_inside_the_drawing(steps, total):
    for row in rows_of({"steps": steps, "total_ms": total}):
        assert row.bars
        assert all(x >= 0 and width > 0 and x + width <= 1000 for x, width, _ in row.bars)


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (0, "0 ms"),
        (0.4, "0.4 ms"),
        (0.96, "1 ms"),
        (850, "850 ms"),
        (999.6, "1.00 s"),
        (1240, "1.24 s"),
        (59_999, "1 min 0 s"),
        (185_000, "3 min 5 s"),
        (7_260_000, "2 h 1 min"),
    ],
)
def test_a_length_of_time_reads_well(length, words):
    assert in_words(length).replace("\N{NO-BREAK SPACE}", " ") == words


# -- versions


@aside
class Plain(Helper):
    id = "versions_plain"
    name = "Plain"


@aside
class Other(Helper):
    id = "versions_other"
    name = "Other"


@aside
class Told(Helper):
    id = "versions_told"
    name = "Told"
    version = "2026-07"


def test_a_version_that_is_told_is_taken_and_fits_its_column():
    assert version_of(Told) == "2026-07"
    assert len(version_of(type("Long", (Told,), {"version": "x" * 500}))) == 64


def test_another_source_is_another_version():
    assert version_of(Plain) == version_of(Plain)
    assert version_of(Plain) != version_of(Other)
    assert len(version_of(Plain)) == 12
    assert int(version_of(Plain), 16)


def test_a_class_without_source_has_no_version():
    made: dict[str, type[AIAssistant]] = {}
    exec("class Typed(Base):\n    name = 'Typed'", {"Base": Helper, "__name__": "__console__"}, made)
    assert version_of(made["Typed"]) == ""
