"""Tools: what a developer may write, and what happens when a model calls them."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import pytest
from langchain_core.tools import BaseTool, Tool, tool

from assistants import method_tool
from assistants.exceptions import AIAssistantMisconfiguredError
from tests.integration.assistants import plain_hints, text_hints
from tests.integration.assistants.asking import Weather, ask, tool_answers
from tests.played_model import PlayedModel, wants
from tests.somewhere import Helper

pytestmark = pytest.mark.usefixtures("registry")


def test_it_makes_tools_of_marked_methods_in_the_order_of_definition():
    assert [each.name for each in Weather().get_tools()] == ["get_weather", "forecast", "compare_places", "renamed"]


def test_it_tells_the_model_what_each_tool_is_for():
    described = [each.description for each in Weather().get_tools()]
    assert described[0] == "Fetch the current weather for a location"
    assert described[3] == "Said in its own words."


def test_it_takes_the_arguments_from_type_hints():
    schema = Weather().get_tools()[2].tool_call_schema.model_json_schema()
    assert schema["properties"]["places"] == {"items": {"type": "string"}, "title": "Places", "type": "array"}
    assert schema["properties"]["detailed"]["default"] is False
    assert schema["required"] == ["places"]


def test_it_takes_the_arguments_from_a_schema(use_model):
    described = Weather().get_tools()[1].tool_call_schema.model_json_schema()["properties"]["day"]
    assert (described["format"], described["description"]) == ("date", "Which day, as YYYY-MM-DD")
    model = PlayedModel(answers=[wants(("forecast", {"location": "Oslo", "day": "2025-06-01"})), "Sunday."])
    [answer] = tool_answers(ask(Weather, model, use_model))
    assert json.loads(answer.content) == {"location": "Oslo", "weekday": "Sunday"}


def test_a_json_schema_does_as_well(use_model):
    schema = {"title": "Place", "type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}

    class Places(Helper):
        id = "places"
        name = "Places"

        @method_tool(args_schema=schema)
        def find(self, place) -> str:
            """Find a place."""
            return f"found {place}"

    [answer] = tool_answers(ask(Places, PlayedModel(answers=[wants(("find", {"place": "Rome"})), "Ok"]), use_model))
    assert answer.content == "found Rome"


@pytest.mark.parametrize("module", [plain_hints, text_hints])
def test_hints_may_be_objects_or_text(module: ModuleType, use_model):
    order = {
        "lines": [{"article": "anvil", "pieces": 2}, {"article": "rope", "pieces": 1}],
        "address": {"street": "Main Street 1"},
        "when": "2025-06-01",
    }
    shop = type("Shop", (module.Shop,), {"id": "shop", "name": "Shop"})
    [answer] = tool_answers(ask(shop, PlayedModel(answers=[wants(("order", order)), "Ordered."]), use_model))
    assert answer.content == "['Line', 'Line'] Main Street 1 01.06.2025 slow ''"


def test_a_marked_method_is_still_a_method():
    assert Weather().get_weather("Oslo") == "sunny in Oslo"


def test_a_subclass_adds_changes_and_takes_away_tools():
    class Other(Weather):
        id = "other"
        name = "Other"
        something = None

        @method_tool
        def get_weather(self, city: str) -> str:
            """Other weather."""
            return ""

        @method_tool
        def last(self) -> str:
            """The last one."""
            return ""

    tools = Other().get_tools()
    assert [each.name for each in tools] == ["get_weather", "forecast", "compare_places", "last"]
    assert tools[0].description == "Other weather."
    assert len(Weather().get_tools()) == 4


def test_it_refuses_a_tool_without_hints_when_the_class_is_defined():
    with pytest.raises(AIAssistantMisconfiguredError, match=r"Broken\.lookup is a tool and needs type hints.*: word"):

        class Broken(Helper):
            @method_tool
            def lookup(self, word, language: str) -> str:
                """Look a word up."""

    with pytest.raises(AIAssistantMisconfiguredError, match=r"Half\.lookup is a tool.*: the return value"):

        class Half(Helper):
            @method_tool
            def lookup(self, word: str):
                """Look a word up."""


def test_it_refuses_a_tool_without_a_docstring_when_the_class_is_defined():
    with pytest.raises(AIAssistantMisconfiguredError, match=r"Mute\.lookup is a tool and needs a docstring"):

        class Mute(Helper):
            @method_tool
            def lookup(self, word: str) -> str:
                return word


def test_it_refuses_a_bad_tool_of_a_mixin_with_the_mixins_name():
    class Mixin:
        @method_tool
        def lookup(self, word: str) -> str:
            return word

    with pytest.raises(AIAssistantMisconfiguredError, match=r"Mixin\.lookup is a tool"):
        type("Mixed", (Mixin, Helper), {})


def test_it_refuses_a_tool_that_is_no_plain_method():
    with pytest.raises(AIAssistantMisconfiguredError, match=r"Static\.lookup is a tool: it must take self"):

        class Static(Helper):
            @staticmethod
            @method_tool
            def lookup(word: str) -> str:
                """Look a word up."""


def test_it_names_the_method_whose_hint_leads_nowhere():
    class Lost(Helper):
        id = "lost"
        name = "Lost"

        @method_tool
        def lookup(self, word: Nowhere) -> str:  # noqa: F821
            """Look a word up."""

    with pytest.raises(AIAssistantMisconfiguredError, match=r"Lost\.lookup is a tool.*Nowhere"):
        Lost().get_tools()


def test_it_names_the_method_whose_arguments_are_no_json():
    class Odd(Helper):
        id = "odd"
        name = "Odd"

        @method_tool
        def lookup(self, lock: threading.Event) -> str:
            """Look a lock up."""

    with pytest.raises(AIAssistantMisconfiguredError, match=r"Odd\.lookup is a tool"):
        Odd().get_tools()


def test_it_refuses_an_option_that_does_not_exist():
    with pytest.raises(TypeError, match="requires_aproval"):
        method_tool(requires_aproval=True)


def test_arguments_may_have_any_name(use_model):
    class Named(Helper):
        id = "named"
        name = "Named"

        @method_tool
        def write(self, json: str, schema: int, copy: bool = False) -> str:
            """Write something."""
            return f"{json} {schema} {copy}"

    model = PlayedModel(answers=[wants(("write", {"json": "a", "schema": 1})), "Ok"])
    assert tool_answers(ask(Named, model, use_model))[0].content == "a 1 False"


# -- tools from elsewhere


@tool
def multiply(a: int, b: int) -> int:
    """Multiply two numbers."""
    return a * b


class SlowSearch(BaseTool):
    """A tool as older packages write it: asynchronous in name only."""

    name: str = "search"
    description: str = "Search."

    def _run(self, query: str) -> str:
        return f"results for {query}"

    async def _arun(self, query: str) -> str:
        raise NotImplementedError("search does not support async")


def test_any_langchain_tool_may_be_used(use_model):
    class Calculator(Weather):
        id = "calculator"
        name = "Calculator"

        def get_tools(self) -> Sequence[BaseTool]:
            shout = Tool(name="shout", func=str.upper, description="Shout.")
            return [multiply, SlowSearch(), shout, *super().get_tools()]

    calls = [("multiply", {"a": 6, "b": 7}), ("search", {"query": "anvils"}), ("shout", {"__arg1": "hey"})]
    model = PlayedModel(answers=[wants(*calls), "42"])
    answer = ask(Calculator, model, use_model)
    assert [message.content for message in tool_answers(answer)] == ["42", "results for anvils", "HEY"]
    assert [each.name for each in model.bound] == [
        *("multiply", "search", "shout", "get_weather", "forecast", "compare_places", "renamed")
    ]


def test_two_tools_of_one_name_are_refused(use_model):
    class Twice(Weather):
        id = "twice"
        name = "Twice"

        def get_tools(self) -> Sequence[BaseTool]:
            return [*super().get_tools(), *super().get_tools()[:1]]

    with pytest.raises(AIAssistantMisconfiguredError, match="several tools named get_weather"):
        ask(Twice, PlayedModel(answers=["never"]), use_model)


def test_what_only_python_may_have_of_a_tools_result_does_not_reach_the_thread(use_model):
    class Plotter(Helper):
        id = "plotter"
        name = "Plotter"

        @method_tool(response_format="content_and_artifact")
        def plot(self) -> tuple[str, Any]:
            """Plot."""
            return "a picture", object()

    [answer] = tool_answers(ask(Plotter, PlayedModel(answers=[wants(("plot", {})), "Ok"]), use_model))
    assert (answer.content, answer.artifact) == ("a picture", None)
