"""Asking an assistant of a test, and what its tools said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from langchain_core.messages import ToolMessage

from assistants import AIAssistant, BaseModel, Field, method_tool
from tenants.context import tenant_context
from tests.played_model import PlayedModel
from tests.somewhere import ALICE, SOMEWHERE, Helper, aside


def ask(assistant: AIAssistant | type[AIAssistant], model: PlayedModel, use_model: Any, question: str = "Go") -> Any:
    """The assistant's whole answer to a question of Alice's; without a database."""
    use_model(model)
    if isinstance(assistant, type):
        assistant = assistant(actor=ALICE)
    with tenant_context(SOMEWHERE):
        return assistant.invoke({"input": question})


def tool_answers(answer: dict[str, Any]) -> list[ToolMessage]:
    return [message for message in answer["messages"] if isinstance(message, ToolMessage)]


@aside
class Weather(Helper):
    id = "tools_weather"
    name = "Weather"

    class Forecast(BaseModel):
        location: str = Field(description="Where")
        day: date = Field(description="Which day, as YYYY-MM-DD")

    @method_tool
    def get_weather(self, location: str) -> str:
        """Fetch the current weather for a location"""
        return f"sunny in {location}"

    @method_tool(args_schema=Forecast)
    def forecast(self, location, day) -> dict:
        """Fetch the forecast for a location"""
        return {"location": location, "weekday": day.strftime("%A")}

    @method_tool("compare_places", return_direct=True)
    def compare(self, places: Sequence[str], detailed: bool = False) -> str:
        """Compare places."""
        return " < ".join(places)

    @method_tool(name="renamed", description="Said in its own words.")
    def something(self) -> str:
        return ""

    def no_tool(self, location: str) -> str:
        """Not for the model."""
        return location
