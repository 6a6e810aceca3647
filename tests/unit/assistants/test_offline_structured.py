"""Structured output of the offline model: what is said in so many words, or a clear error."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from assistants.exceptions import OfflineModelCannotError
from assistants.llm.offline import OfflineChatModel


class Booking(BaseModel):
    """A booking."""

    city: str
    people: int = Field(ge=1)
    day: date | None = None
    board: Literal["full", "half"] = "full"


class BookingDict(TypedDict):
    """A booking as a dict."""

    city: str
    people: int


BOOKING_SCHEMA = {
    "title": "Booking",
    "description": "A booking.",
    "type": "object",
    "properties": {"city": {"type": "string"}, "people": {"type": "integer"}},
    "required": ["city", "people"],
}


@pytest.mark.asyncio
async def test_it_fills_what_is_given_by_name() -> None:
    model = OfflineChatModel().with_structured_output(Booking)
    message = "city=New York, people: 3, half board, on 2026-03-04"
    booking = Booking(city="New York", people=3, day=date(2026, 3, 4), board="half")
    assert model.invoke(message) == booking
    assert await model.ainvoke(message) == booking
    assert list(model.stream(message))[-1] == booking


@pytest.mark.parametrize("schema", [BookingDict, BOOKING_SCHEMA])
def test_other_schemas_give_dicts(schema: Any) -> None:
    model = OfflineChatModel().with_structured_output(schema, method="json_schema", strict=True)
    assert model.invoke("city=Oslo; people=3") == {"city": "Oslo", "people": 3}


@pytest.mark.parametrize(
    "message",
    [
        "A table for 3 in Oslo.",  # plausible, but concluded and not read
        "Hello",
        "city=Oslo",
        "city=Oslo people=0",  # against the schema
    ],
)
def test_it_refuses_rather_than_guesses(message: str) -> None:
    with pytest.raises(OfflineModelCannotError, match="Configure a model key") as caught:
        OfflineChatModel().with_structured_output(Booking).invoke(message)
    assert caught.value.code == "offline_model_cannot"


def test_the_error_says_what_is_required() -> None:
    with pytest.raises(OfflineModelCannotError, match=r"Booking.*Required: city, people"):
        OfflineChatModel().with_structured_output(Booking).invoke("Hello")


@pytest.mark.asyncio
async def test_with_the_raw_message_the_error_is_returned() -> None:
    model = OfflineChatModel().with_structured_output(Booking, include_raw=True)
    for result in (model.invoke("Hello"), await model.ainvoke("Hello")):
        assert isinstance(result, dict)
        assert result["parsed"] is None
        assert isinstance(result["parsing_error"], OfflineModelCannotError)
        assert "offline model" in result["raw"].text
    good = model.invoke("city=Oslo people=2")
    assert isinstance(good, dict)
    assert (good["parsed"], good["parsing_error"]) == (Booking(city="Oslo", people=2), None)
    assert good["raw"].tool_calls[0]["name"] == "Booking"


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(ValueError, match="colour"):
        OfflineChatModel().with_structured_output(Booking, colour="red")
