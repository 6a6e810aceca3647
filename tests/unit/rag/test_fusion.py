"""Several rankings become one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.search.fusion import reciprocal_rank_fusion

rankings = st.lists(st.lists(st.integers(1, 50), unique=True, max_size=20), max_size=4)


def test_what_both_rankings_hold_beats_what_only_one_holds():
    fused = reciprocal_rank_fusion([[1, 2, 3], [4, 2, 5]])
    assert fused[0][0] == 2


def test_the_score_is_the_sum_of_reciprocal_ranks():
    assert dict(reciprocal_rank_fusion([[7, 8], [8]])) == {
        7: pytest.approx(1 / 61),
        8: pytest.approx(1 / 62 + 1 / 61),
    }


def test_equal_scores_are_ordered_by_key():
    assert [key for key, _ in reciprocal_rank_fusion([[9], [3]])] == [3, 9]


def test_nothing_fused_is_nothing():
    assert reciprocal_rank_fusion([]) == []
    assert reciprocal_rank_fusion([[], []]) == []


@given(rankings)
def test_each_key_comes_once_and_none_is_lost(lists):
    keys = [key for key, _ in reciprocal_rank_fusion(lists)]
    assert sorted(keys) == sorted({key for ranking in lists for key in ranking})


@given(st.lists(st.integers(1, 50), unique=True, max_size=20))
def test_a_single_ranking_keeps_its_order(ranking):
    assert [key for key, _ in reciprocal_rank_fusion([ranking])] == ranking
