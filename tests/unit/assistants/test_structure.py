"""Whether an object has a wanted structure."""

from __future__ import annotations

import json
from typing import Any, Optional, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from assistants.exceptions import ModelFailedError
from assistants.graph.structure import Structure
from assistants.graph.structured import check_structure


class Part(BaseModel):
    kind: str
    amount: int


class Order(BaseModel):
    name: str
    price: float
    paid: bool
    note: str | None = None
    parts: list[Part] = []


SCHEMA = Order.model_json_schema()
FRACTIONS = st.floats(-10, 10).filter(lambda number: not number.is_integer())  # 3.0 is an integer in JSON Schema only
VALUES = st.one_of(st.none(), st.booleans(), st.integers(), FRACTIONS, st.text(max_size=3))
PARTS = st.lists(st.dictionaries(st.sampled_from(["kind", "amount"]), VALUES), max_size=2)
NAMES = st.sampled_from(["name", "price", "paid", "note", "parts", "other"])


@given(st.dictionaries(NAMES, st.one_of(VALUES, PARTS)))
def test_it_says_what_pydantic_says(found: dict[str, Any]):
    try:
        Order.model_validate_json(json.dumps(found), strict=True)
        valid = True
    except ValidationError:
        valid = False
    assert Structure(SCHEMA).fits(found) == valid


@pytest.mark.parametrize(
    ("schema", "fits", "misfits"),
    [
        ({"enum": ["a", 1]}, ["a", 1], ["b", None]),
        ({"const": 3}, [3], [4]),
        ({"type": ["string", "null"]}, ["a", None], [1, True]),
        ({"type": "integer"}, [1, 2.0], [1.5, True, "1"]),
        ({"anyOf": [{"type": "string"}, {"type": "number"}]}, ["a", 1.5], [None, []]),
        ({"allOf": [{"required": ["a"]}, {"required": ["b"]}]}, [{"a": 1, "b": 1}], [{"a": 1}]),
        ({"type": "object", "additionalProperties": False, "properties": {"a": {}}}, [{"a": 1}, {}], [{"b": 1}]),
        ({"items": {"$ref": "#/$defs/n"}, "$defs": {"n": {"type": "number"}}}, [[1, 2]], [["a"]]),
        ({"$ref": "#/nowhere"}, [1, None, {}], []),
        ({"pattern": "^a$"}, ["b"], []),  # not known here, and so not checked
    ],
)
def test_it_knows_the_usual_keywords(schema, fits, misfits):
    assert all(Structure(schema).fits(found) for found in fits)
    assert not any(Structure(schema).fits(found) for found in misfits)


class City(TypedDict):
    """A city."""

    name: str
    mayor: Optional[str]  # noqa: UP045  # as many write it


def test_a_typed_dict_is_checked_and_may_hold_none_where_it_says_so():
    check_structure({"name": "Oslo", "mayor": None}, City)
    for found in ({"name": "Oslo"}, {"name": 3, "mayor": None}, [], "Oslo"):
        with pytest.raises(ModelFailedError, match="wanted structure"):
            check_structure(found, City)


@pytest.mark.parametrize("wrapped", ["schema", "parameters"])
def test_openais_wrappings_are_known(wrapped):
    wanted = {"name": "City", wrapped: {"type": "object", "required": ["name"]}}
    check_structure({"name": "Oslo"}, wanted)
    with pytest.raises(ModelFailedError):
        check_structure({}, wanted)
