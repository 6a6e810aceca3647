"""Measures of rankings agree with their definitions, written out."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evaluation.metrics import ndcg, percentile, recall, reciprocal_rank

documents = st.sampled_from("abcdefgh")
rankings = st.lists(documents, unique=True, max_size=8)
judgements = st.dictionaries(documents, st.integers(0, 3), max_size=8)
depths = st.integers(1, 10)


def naive_gain(ranking, judged, k):
    total = 0.0
    for place in range(min(k, len(ranking))):
        total += judged.get(ranking[place], 0) / math.log(place + 2, 2)
    return total


def naive_ndcg(ranking, judged, k):
    ideal = naive_gain(sorted(judged, key=lambda document: -judged[document]), judged, k)
    return naive_gain(ranking, judged, k) / ideal if ideal else 0.0


def naive_recall(ranking, judged, k):
    relevant = [document for document in judged if judged[document]]
    return sum(document in ranking[:k] for document in relevant) / len(relevant) if relevant else 0.0


def naive_reciprocal_rank(ranking, judged, k):
    for place in range(min(k, len(ranking))):
        if judged.get(ranking[place]):
            return 1 / (place + 1)
    return 0.0


@given(rankings, judgements, depths)
def test_measures_are_what_their_definitions_say(ranking, judged, k):
    assert ndcg(ranking, judged, k) == pytest.approx(naive_ndcg(ranking, judged, k))
    assert recall(ranking, judged, k) == pytest.approx(naive_recall(ranking, judged, k))
    assert reciprocal_rank(ranking, judged, k) == pytest.approx(naive_reciprocal_rank(ranking, judged, k))


@given(rankings, judgements, depths)
def test_measures_are_between_nothing_and_all(ranking, judged, k):
    for measure in (ndcg, recall, reciprocal_rank):
        assert 0 <= measure(ranking, judged, k) <= 1 + 1e-9


@given(judgements.filter(lambda judged: any(judged.values())))
def test_the_best_order_has_the_best_score(judged):
    best = sorted(judged, key=lambda document: -judged[document])
    assert ndcg(best, judged, 10) == pytest.approx(1)
    assert recall(best, judged, 10) == 1
    assert reciprocal_rank(best, judged, 10) == 1


@given(st.lists(st.floats(0, 100), min_size=1), st.floats(0, 1))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(values, share):
    value = percentile(values, share)
    assert value in values
    assert sum(each <= value for each in values) >= share * len(values) - 1e-9


def test_no_values_have_no_percentile():
    assert percentile([], 0.5) == 0
