"""Filters over metadata: they hold where a plain reading says so, and let nothing through that is no filter."""

from __future__ import annotations

import json
import operator
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.search.filters import InvalidFilter, filter_sql
from rag.search.hybrid import Options
from rag.use_cases.search import search

RANGES = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
KEYS = st.sampled_from(["a", "b", "all", "it's", "%s", '"', "ключ"])
NUMBERS = st.integers(-5, 5) | st.sampled_from([0.5, -0.5, 1.0, 1e20, 10**20])
TEXTS = st.sampled_from(["", "x", "X", "yes", "2024-01-05", "2024-11-05", "ä", "1", "'; --", "%(words)s"])
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
METADATA = st.dictionaries(KEYS, SCALARS | st.lists(SCALARS, max_size=3), max_size=4)
CONDITIONS = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=3),
    st.fixed_dictionaries({"exists": st.booleans()}),
    st.dictionaries(st.sampled_from(["eq", "ne"]), SCALARS, min_size=1),
    st.dictionaries(st.sampled_from(["in", "not_in"]), st.lists(SCALARS, max_size=3), min_size=1),
    st.dictionaries(st.sampled_from(sorted(RANGES)), NUMBERS | TEXTS, min_size=1),
)
PLAIN = st.dictionaries(st.sampled_from(["a", "b", "it's", "%s", '"', "ключ"]), CONDITIONS, max_size=3)
FILTERS = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"all": st.lists(inner, max_size=2)}),
        st.fixed_dictionaries({"any": st.lists(inner, max_size=2)}),
        st.fixed_dictionaries({"not": inner}),
    ),
    max_leaves=3,
)


def holds(given: dict[str, Any], metadata: dict[str, Any]) -> bool:
    """The language, read plainly."""
    return all(_part_holds(key, value, metadata) for key, value in given.items())


def _part_holds(key: str, value: Any, metadata: dict[str, Any]) -> bool:
    if key == "all" and isinstance(value, list):
        return all(holds(each, metadata) for each in value)
    if key == "any" and isinstance(value, list):
        return any(holds(each, metadata) for each in value)
    if key == "not" and isinstance(value, dict):
        return not holds(value, metadata)
    if not isinstance(value, dict):
        value = {"in" if isinstance(value, list) else "eq": value}
    held = metadata.get(key, [])
    held = held if isinstance(held, list) else [held]
    return all(_holds(name, wanted, held, key in metadata) for name, wanted in value.items())


def _holds(name: str, wanted: Any, held: list[Any], is_there: bool) -> bool:
    if name == "exists":
        return is_there is wanted
    if name in ("eq", "ne"):
        return any(_same(each, wanted) for each in held) is (name == "eq")
    if name in ("in", "not_in"):
        return any(_same(each, one) for each in held for one in wanted) is (name == "in")
    return any(_kind(each) == _kind(wanted) and RANGES[name](each, wanted) for each in held)


def _kind(value: Any) -> str:
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def _same(one: Any, other: Any) -> bool:
    return _kind(one) == _kind(other) and one == other


def test_a_filter_holds_where_a_plain_reading_says_so(acme):
    @settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(FILTERS, st.lists(METADATA, min_size=1, max_size=5))
    def agrees(filter_, rows):
        condition, parameters = filter_sql(filter_)
        statement = f"SELECT {condition} FROM unnest(%(rows)s::jsonb[]) WITH ORDINALITY AS document (metadata, place)"
        with connection.cursor() as cursor:
            cursor.execute(f"{statement} ORDER BY place", parameters | {"rows": [json.dumps(row) for row in rows]})
            assert [row[0] for row in cursor.fetchall()] == [holds(filter_, row) for row in rows]

    agrees()


NO_FILTERS = [
    {"a": {}},
    {"a": {"like": "x"}},
    {"a": {"gt": True}},
    {"a": {"gt": None}},
    {"a": {"gt": [1]}},
    {"a": {"in": 1}},
    {"a": {"in": list(range(101))}},
    {"a": {"eq": {"b": 1}}},
    {"a": {"exists": 1}},
    {"a": float("nan")},
    {"a": float("inf")},
    {"a": 10**31},
    {"a": "x" * 1001},
    {"a": "\x00"},
    {"a": "\ud800"},
    {"": 1},
    {"x" * 201: 1},
    {"a\x00": 1},
    {"any": [1]},
    {"not": {"not": {"not": {"not": {"not": {"a": 1}}}}}},
    {f"k{number}": 1 for number in range(51)},
]


@pytest.mark.parametrize("given", NO_FILTERS, ids=range(len(NO_FILTERS)))
def test_what_is_no_filter_is_refused_with_a_reason(given):
    with pytest.raises(InvalidFilter) as refused:
        filter_sql(given)
    assert refused.value.code == "invalid_filter"
    assert len(refused.value.detail) > 20


def test_a_filter_narrows_both_rankings(library):
    for year in (2023, 2024, 2025):
        text = f"# Prices {year}\n\nThe price of a gasket in {year} is {year - 2000} euros."
        library.add(text, f"{year}.md", metadata={"year": year, "team": ["sales", "all"]})

    def found(filter_: dict[str, Any], **options: Any) -> list[str]:
        hits = search(library.reader, "price of a gasket", options=Options(filter=filter_, **options))
        return sorted(hit.title for hit in hits)

    assert found({"year": {"gte": 2024}}) == ["Prices 2024", "Prices 2025"]
    assert found({"year": 2023, "team": "sales"}) == ["Prices 2023"]
    assert found({"year": {"gte": 2024}}, mode="words") == ["Prices 2024", "Prices 2025"]
    assert found({"year": {"gte": 2024}}, mode="meaning") == ["Prices 2024", "Prices 2025"]
    assert found({"team": "nobody"}) == []


async def test_a_filter_over_http(server, acme):
    client = server.signed_in(acme)
    asked = {"query": "x", "filter": {"a": {"like": "x"}}}
    response = await client.post("/api/collections/search/", json=asked)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_filter")
    assert (await client.post("/api/collections/search/", json=asked | {"filter": {"a": 1}})).json() == {"hits": []}
