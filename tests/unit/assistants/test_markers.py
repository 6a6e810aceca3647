# ruff: noqa: RUF001  (the brackets and signs of other scripts are what this is about)
"""Citation markers: right ones stay, wrong ones go, and what only looks like one is left alone."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistants.citing.markers import LONGEST_MARKER, MarkerFilter, find_markers, without_markers

KNOWN = {1, 2, 3}


def checked(text: str, passages=frozenset(KNOWN)) -> tuple[str, int]:
    found = MarkerFilter(passages)
    return found.feed(text) + found.end(), found.removed


@pytest.mark.parametrize(
    ("said", "shown", "removed"),
    [
        ("They weigh 50 kg [1].", "They weigh 50 kg [1].", 0),
        ("They weigh 50 kg [9].", "They weigh 50 kg.", 1),
        ("They weigh [9] 50 kg.", "They weigh 50 kg.", 1),
        ("They weigh 50 kg. [9]", "They weigh 50 kg.", 1),
        ("They weigh 50 kg [1][9].", "They weigh 50 kg [1].", 1),
        ("They weigh 50 kg [9][8] [7].", "They weigh 50 kg.", 3),
        ("Heavy [1, 9, 2].", "Heavy [1, 2].", 1),
        ("Heavy [1,2].", "Heavy [1,2].", 0),
        ("Heavy [1-3].", "Heavy [1, 2, 3].", 0),
        ("Heavy [2\N{EN DASH}5].", "Heavy [2, 3].", 2),
        ("Heavy [1, 2-3; 7].", "Heavy [1, 2, 3].", 1),
        ("重い【1】。", "重い[1]。", 0),
        ("重い【9】。", "重い。", 1),
        ("重い［2］。", "重い[2]。", 0),
        ("Heavy【2†handbook.md】.", "Heavy[2].", 0),
        ("Heavy【4:0†source】.", "Heavy.", 1),
        ("Heavy [9]heavy.", "Heavy heavy.", 1),
        ("- [9]\n- heavy [1]", "-\n- heavy [1]", 1),
        ("Heavy ([9]).", "Heavy.", 1),
        ("Heavy ([9], [8]; [7]) it is.", "Heavy it is.", 3),
        ("Heavy ([9], [1]).", "Heavy ([1]).", 1),
        ("Heavy ([9], see there).", "Heavy (see there).", 1),
        ("([9]) Heavy (see [1]).", " Heavy (see [1]).", 1),
        ("重い（[9]）。", "重い。", 1),
        ("f([9]) and [1]([9])", "f() and [1]()", 2),
        ("A [9] (so) and ([9]", "A (so) and", 2),
        ("[([9])1]", "[()1]", 1),
        ("[8][1]: heavy", "[1] : heavy", 1),
        ("So:\n [8][1]: heavy", "So:\n [1]: heavy", 1),
        ("[1][9]: heavy\n[1]: https://example.com", "[1] : heavy\n[1]: https://example.com", 1),
    ],
)
def test_markers_of_passages_that_there_are_stay_and_others_go(said, shown, removed):
    assert checked(said) == (shown, removed)


@pytest.mark.parametrize(
    "said",
    [
        "In [2024] and [404] and [0] and [x] and [] and [1.5].",
        "The index a[7], f(x)[7], a[7][8] and rows_[9].",
        "[9](https://example.com) and [a link][7] and ![9](x.png)",
        "[9]: https://example.com",
        "\\[9]",
        "`list[9]` and `` a ` [9] `` and ```[9]```",
        "```python\nx = [9]\n\ny = [8]\n```",
        "~~~\n[9]\n~~~",
        "> ```\n> [9]\n> ```",
        "1. ```\n   [9]\n\n   [8]\n   ```",
        "[5-3], [1-90], [9, 2024] and [9,, 8]",
        "[[9]7]",
        "[1, [9]2]",
        "[9\n]",
        "[" + "9, " * 20 + "9]",
        "【标题】 and [TODO]",
    ],
)
def test_what_only_looks_like_a_marker_is_left_alone(said):
    assert checked(said) == (said, 0)


def test_after_code_markers_are_markers_again():
    assert checked("`a[9]` is heavy [9].\n\n```\nb = [9]\n```\nSo [9]!") == (
        "`a[9]` is heavy.\n\n```\nb = [9]\n```\nSo!",
        2,
    )
    assert checked("a stray ` and [9]\n\nthen [9].") == ("a stray ` and [9]\n\nthen.", 1)


def test_a_stray_backtick_holds_for_its_own_item_of_a_list_only():
    said = "- the ` key [9]\n- other [9]\n1. third [1]\n2. `[9]` [2]"
    found = MarkerFilter(KNOWN)
    assert found.feed(said) + found.end() == "- the ` key [9]\n- other\n1. third [1]\n2. `[9]` [2]"
    assert [each.numbers for each in found.markers] == [(1,), (2,)]


@pytest.mark.parametrize("begins", ["1. ", "12) ", "> 3.", "- ", "1 ", "7"])
def test_code_in_an_item_of_a_list_is_code_in_whatever_pieces_it_comes(begins):
    said = f"{begins}```\n[9]\n\n[8]\n```\n"
    whole, pieces = MarkerFilter(KNOWN), MarkerFilter(KNOWN)
    shown = whole.feed(said) + whole.end()
    assert "".join(map(pieces.feed, said)) + pieces.end() == shown
    assert (shown == said) is (begins not in ("1 ", "7"))  # there, backticks open code in a line


def test_one_behind_a_word_cites_where_there_is_such_a_passage():
    assert [(each.start, each.end, each.numbers) for each in find_markers("50 kg[1], a[9]", KNOWN)] == [(5, 8, (1,))]


def test_three_digits_are_a_marker_where_there_are_so_many_passages():
    assert checked("Heavy [104].", {104}) == ("Heavy [104].", 0)
    assert checked("Not found [404].", {104}) == ("Not found [404].", 0)


def test_markers_are_told_by_their_places_in_what_is_shown():
    found = MarkerFilter(KNOWN)
    shown = found.feed("A [9] b [1-2] c【3】. `[1]`") + found.end()
    assert [(shown[each.start : each.end], each.numbers) for each in found.markers] == [
        ("[1, 2]", (1, 2)),
        ("[3]", (3,)),
    ]


def test_earlier_answers_are_quoted_without_markers():
    assert without_markers("Heavy [1], and long [2, 3]. In [2024], `a[1]`.") == "Heavy, and long. In [2024], `a[1]`."


PIECES = [*"[]【】12934, -†:`~\n a.()\\>", "[1]", "[9]", " [8]", "```", "【1†x】", "([9])", "（[9]）", "[9]:", "\n[1]"]
ANSWERS = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)


@given(ANSWERS, st.lists(st.integers(0, 80), max_size=8), st.sets(st.integers(1, 12)))
def test_any_pieces_give_the_same(text, cuts, passages):
    whole = MarkerFilter(passages)
    expected = whole.feed(text) + whole.end()
    places = sorted({0, *(min(cut, len(text)) for cut in cuts), len(text)})
    pieces = MarkerFilter(passages)
    shown = ""
    for start, end in pairwise(places):
        shown += pieces.feed(text[start:end])
        assert pieces.held_back <= LONGEST_MARKER + 4  # and a blank and a bracket before it, and before the last one
    assert shown + pieces.end() == expected
    assert (pieces.markers, pieces.removed) == (whole.markers, whole.removed)


@given(ANSWERS, st.sets(st.integers(1, 12)))
def test_nothing_is_lost_but_wrong_markers(text, passages):
    found = MarkerFilter(passages)
    shown = found.feed(text) + found.end()
    if not found.removed and not any(sign in text for sign in "【［-,;"):
        assert shown == text
    for marker in found.markers:
        assert set(marker.numbers) <= passages
        assert shown[marker.start] in "[【［"
        assert shown[marker.end - 1] in "]】］"
    # Letters and line breaks are never part of a marker, except behind a dagger.
    if "†" not in text:
        assert [c for c in shown if c in "a\n`."] == [c for c in text if c in "a\n`."]


@given(ANSWERS, st.sets(st.integers(1, 12)))
def test_what_was_streamed_and_what_is_stored_have_the_same_markers(text, passages):
    """The stored text is read once more for its citations: no marker of what people saw may be missed or added."""
    found = MarkerFilter(passages)
    shown = found.feed(text) + found.end()
    assert find_markers(shown, passages) == found.markers
    assert checked(shown, passages) == (shown, 0)


@given(ANSWERS)
def test_where_all_passages_are_there_nothing_is_taken_away(text):
    found = MarkerFilter(range(1, 1000))
    shown = found.feed(text) + found.end()
    if not any(sign in text for sign in "【［-;,"):
        assert shown == text
