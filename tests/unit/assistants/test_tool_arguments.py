"""Arguments that a person writes are checked as the tool would check them, and no unknown one is let pass."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.tools import InjectedToolArg, StructuredTool
from pydantic import BaseModel, ConfigDict, Field, field_validator

from assistants.tool_arguments import argument_problems


class Transfer(BaseModel):
    to: str = Field(min_length=2)
    amount: int = Field(gt=0)
    currency: Literal["EUR", "USD"] = "EUR"

    @field_validator("to")
    @classmethod
    def not_to_nobody(cls, to: str) -> str:
        if to == "nobody":
            raise ValueError("nobody takes no money")
        return to


def transfer(to: str, amount: int, currency: str = "EUR") -> str:
    """Transfer money."""
    raise AssertionError("only checked")


MODEL = StructuredTool.from_function(transfer, args_schema=Transfer)
JSON = StructuredTool.from_function(
    transfer,
    args_schema={
        "title": "transfer",
        "type": "object",
        "properties": {
            "to": {"type": "string"},
            "amount": {"type": "integer"},
            "currency": {"type": ["string", "null"], "enum": ["EUR", "USD", None]},
        },
        "required": ["to", "amount"],
    },
)
FITS = {"to": "alice", "amount": 5}


@pytest.mark.parametrize("tool", [MODEL, JSON], ids=["pydantic", "JSON schema"])
@pytest.mark.parametrize(
    ("args", "named"),
    [
        (FITS, None),
        ({**FITS, "currency": "USD"}, None),
        ({}, "to"),
        ({"to": "alice"}, "amount"),
        ({**FITS, "amount": "many"}, "amount"),
        ({**FITS, "currency": "GBP"}, "currency"),
        ({**FITS, "purpose": "gift"}, "purpose"),
    ],
)
def test_it_names_the_argument_that_does_not_fit(tool: Any, args: dict[str, Any], named: str | None):
    problems = argument_problems(tool, args)
    assert (problems[0][0] if problems else None) == named


def test_a_developers_own_validator_counts():
    [(name, why)] = argument_problems(MODEL, {"to": "nobody", "amount": 1})
    assert name == "to"
    assert "nobody takes no money" in why


@pytest.mark.parametrize("value", [True, 1.5, "1", None, [1], {"a": 1}])
def test_a_json_schemas_types_are_jsons(value: Any):
    assert argument_problems(JSON, {"to": "alice", "amount": value})


def test_a_whole_number_may_be_written_with_a_point():
    assert argument_problems(JSON, {"to": "alice", "amount": 2.0}) == []


def test_a_tool_that_takes_any_argument_takes_any():
    class Open(BaseModel):
        model_config = ConfigDict(extra="allow")

    tool = StructuredTool.from_function(transfer, args_schema=Open)
    assert argument_problems(tool, {"anything": 1}) == []


def test_what_the_system_gives_the_tool_is_no_persons_to_give():
    def pay(to: str, account: Annotated[str, InjectedToolArg]) -> str:
        """Pay."""
        return ""

    tool = StructuredTool.from_function(pay)
    assert argument_problems(tool, {"to": "alice"}) == []
    assert argument_problems(tool, {"to": "alice", "account": "another's"})[0][0] == "account"


@given(
    st.dictionaries(st.text(max_size=8), st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=4))
)
def test_no_arguments_break_the_check_and_none_are_changed(args: dict[str, Any]):
    before = repr(args)
    for tool in (MODEL, JSON):
        assert argument_problems(tool, args) or args.keys() >= {"to", "amount"}
    assert repr(args) == before
