"""Which tools the offline model calls, with which arguments, and what it says of their results."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.tools import BaseTool, tool

from assistants.graph.passages import format_passages
from assistants.llm.offline import OfflineChatModel


@tool
def get_weather(location: str, unit: Literal["celsius", "fahrenheit"] = "celsius", days: int = 1) -> str:
    """The weather at a place."""
    return f"{location}: 18 degrees {unit} for {days} days"


@tool
def get_time(city: str) -> str:
    """The time in a city."""
    return f"noon in {city}"


@tool
def add(a: float, b: float) -> float:
    """The sum of two numbers."""
    return a + b


@tool
def search_documents(query: str, limit: int = 5) -> list[str]:
    """Search."""
    return [query] * limit


@tool
def list_threads(include_archived: bool = False) -> str:
    """All threads."""
    return "none"


@tool
def delete_thread(thread_id: int) -> str:
    """Delete a thread for good."""
    return f"deleted {thread_id}"


@tool
def book_room(day: date, people: int, notes: str = "") -> str:
    """Book a room."""
    return "booked"


@tool
def send_mail(to: str, subject: str) -> str:
    """Send a mail."""
    return "sent"


@tool
def set_labels(labels: list[str]) -> str:
    """Label a thread."""
    return "labelled"


@tool
def sum_values(values: list[float]) -> float:
    """The sum of all."""
    return sum(values)


@tool
def set_status(status: Literal["open", "in_progress", "closed"]) -> str:
    """Set a status."""
    return status


@tool
def whoAmI() -> str:
    """Who is asking."""
    return "you"


TOOLS: list[BaseTool] = [
    get_weather,
    get_time,
    add,
    search_documents,
    list_threads,
    delete_thread,
    book_room,
    send_mail,
    set_labels,
    sum_values,
    set_status,
    whoAmI,
]


def answer(question: str | list[BaseMessage], *tools: BaseTool, **options: Any) -> AIMessage:
    return OfflineChatModel().bind_tools(tools or TOOLS, **options).invoke(question)


def calls(question: str | list[BaseMessage], *tools: BaseTool, **options: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(call["name"], call["args"]) for call in answer(question, *tools, **options).tool_calls]


@pytest.mark.parametrize(
    ("question", "name", "arguments"),
    [
        # named by its words or in full
        ("Get the weather in New York tomorrow", "get_weather", {"location": "New York"}),
        ("get weather in paris today please", "get_weather", {"location": "paris"}),
        ("Weather in Rio de Janeiro: get it!", "get_weather", {"location": "Rio de Janeiro"}),
        ("GET_WEATHER in Kyoto", "get_weather", {"location": "Kyoto"}),
        ("get_weather: Oslo", "get_weather", {"location": "Oslo"}),
        ("Who am I?", "whoAmI", {}),
        ("call whoAmI", "whoAmI", {}),
        # arguments by their name
        (
            "get_weather(location='New York', unit=fahrenheit)",
            "get_weather",
            {"location": "New York", "unit": "fahrenheit"},
        ),
        ('get_weather({"location": "Paris", "days": 3})', "get_weather", {"location": "Paris", "days": 3}),
        ("get weather location Bergen", "get_weather", {"location": "Bergen"}),
        ("send mail to: Bob, subject: Hello there", "send_mail", {"to": "Bob", "subject": "Hello there"}),
        ('send mail to Bob with the subject "Hello"', "send_mail", {"to": "Bob", "subject": "Hello"}),
        ("delete the thread id=17", "delete_thread", {"thread_id": 17}),
        ("delete thread 17", "delete_thread", {"thread_id": 17}),
        # enums, numbers, dates, switches
        (
            "get weather for Bergen for 3 days in Fahrenheit",
            "get_weather",
            {"location": "Bergen", "unit": "fahrenheit", "days": 3},
        ),
        ("set the status to in progress", "set_status", {"status": "in_progress"}),
        ("Add 3 and 4.5", "add", {"a": 3, "b": 4.5}),
        ("add(-2, 1,000)", "add", {"a": -2, "b": 1000}),
        ("book a room on 2026-03-04 for 5 people", "book_room", {"day": "2026-03-04", "people": 5}),
        ("list threads", "list_threads", {}),
        ("list the archived threads", "list_threads", {"include_archived": True}),
        ("list threads without archived ones", "list_threads", {"include_archived": False}),
        # texts and lists
        ("Search the documents for access rules of tenants", "search_documents", {"query": "access rules of tenants"}),
        ("search documents about 'refund policy', limit 3", "search_documents", {"query": "refund policy", "limit": 3}),
        ("search documents about refunds, at most a limit of 3", "search_documents", {"query": "refunds", "limit": 3}),
        ("search the documents for how to reset a password", "search_documents", {"query": "how to reset a password"}),
        ("search_documents: how do I reset it?", "search_documents", {"query": "how do I reset it"}),
        ("set labels \"red\" and 'blue'", "set_labels", {"labels": ["red", "blue"]}),
        ("set_labels labels: red, blue", "set_labels", {"labels": ["red", "blue"]}),
        ('set_labels {"labels": ["red", "blue"]}', "set_labels", {"labels": ["red", "blue"]}),
        ("sum the values 1, 2 and 3.5", "sum_values", {"values": [1, 2, 3.5]}),
    ],
)
def test_it_calls_the_tool_that_is_named(question: str, name: str, arguments: dict[str, Any]) -> None:
    message = answer(question)
    assert [(call["name"], call["args"]) for call in message.tool_calls] == [(name, arguments)]
    assert message.text == ""
    assert message.response_metadata["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(
    "question",
    [
        "What is the weather in Paris?",  # not "get"
        "Hello",
        "How do I delete thread 5?",
        "Can I delete thread 5?",
        "Why delete thread 5?",
        "What does get_weather do?",
        "Explain how get_weather works for Oslo.",
        "Don't delete thread 5!",
        "Please do not call get_weather for Oslo.",
        "Answer without using get_weather for Oslo.",
        "A forget_weather in Oslo",
    ],
)
def test_it_calls_nothing_that_is_not_asked_for(question: str) -> None:
    assert calls(question) == []


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("Use get_weather", ["location"]),
        ("get the weather of the day", ["location"]),
        ("delete thread", ["thread_id"]),
        ("add the numbers 3, 4 and 5", ["a", "b"]),
        ("Add 3", ["a", "b"]),
        ("book a room today for 5 people", ["day"]),
        ("book a room, day 2026-02-31, people 2", ["day"]),
        ("delete thread 1.5", ["thread_id"]),
        ("send mail about 'this' or 'that' or 'those'", ["to", "subject"]),
        ("set the status from open to closed", ["status"]),
    ],
)
def test_it_asks_for_what_the_question_leaves_open(question: str, missing: list[str]) -> None:
    message = answer(question)
    assert message.tool_calls == []
    for name in missing:
        assert f"- `{name}`" in message.text
    assert message.text.count("\n- `") + message.text.startswith("- `") == len(missing)


def test_it_tells_the_choices_and_the_description_of_what_is_missing() -> None:
    schema = {
        "type": "function",
        "function": {
            "name": "set_colour",
            "parameters": {
                "type": "object",
                "properties": {"colour": {"type": "string", "enum": ["red", "blue"], "description": "The new colour."}},
                "required": ["colour"],
            },
        },
    }
    text = OfflineChatModel().bind_tools([schema]).invoke("set the colour").text
    assert "- `colour`: The new colour; one of `red`, `blue`" in text


def test_two_tools_that_are_named_in_full_get_each_their_own_arguments() -> None:
    both = "Use get_weather for Paris and get_time for Tokyo"
    assert calls(both) == [("get_weather", {"location": "Paris"}), ("get_time", {"city": "Tokyo"})]
    assert calls(both, parallel_tool_calls=False) == [("get_weather", {"location": "Paris"})]
    assert calls("Don't use get_weather, use get_time for Oslo") == [("get_time", {"city": "Oslo"})]


def test_it_asks_which_of_two_tools_is_meant() -> None:
    message = answer("get weather and time in Oslo")
    assert not message.tool_calls
    assert "`get_weather`, `get_time`" in message.text


def test_the_longer_name_wins() -> None:
    @tool
    def search(query: str) -> str:
        """Search."""
        return query

    assert calls("search documents for refunds", search, search_documents)[0][0] == "search_documents"
    assert calls("search for refunds", search, search_documents)[0][0] == "search"


def test_a_common_word_that_is_a_tools_name_does_not_hide_the_passages() -> None:
    system = SystemMessage(format_passages([Document("Owners add members.", metadata={"title": "Members"})]))
    assert "Owners add members." in answer([system, HumanMessage("Who may add members?")], add).text
    assert "`a`" in answer([system, HumanMessage("Use the add tool")], add).text


@pytest.mark.parametrize("choice", ["any", "required", True])
def test_a_caller_can_demand_some_tool(choice: str | bool) -> None:
    assert calls("in Oslo", get_weather, tool_choice=choice) == [("get_weather", {"location": "Oslo"})]
    assert calls("2 and 3", get_weather, add, tool_choice=choice) == [("add", {"a": 2, "b": 3})]
    assert "`location`" in answer("Hello", get_weather, tool_choice=choice).text


@pytest.mark.parametrize("choice", ["get_time", {"type": "function", "function": {"name": "get_time"}}])
def test_a_caller_can_demand_one_tool(choice: str | dict[str, Any]) -> None:
    assert calls("get_weather in Oslo", tool_choice=choice) == [("get_time", {"city": "Oslo"})]


@pytest.mark.parametrize("choice", ["none", False])
def test_a_caller_can_forbid_tools(choice: str | bool) -> None:
    assert calls("get_weather in Oslo", tool_choice=choice) == []


@pytest.mark.parametrize("choice", ["nobody", {"function": {"name": "nobody"}}, {"type": "function"}, 7])
def test_an_unknown_choice_is_refused_when_the_tools_are_bound(choice: Any) -> None:
    with pytest.raises(ValueError, match="names none of the tools: get_time"):
        OfflineChatModel().bind_tools([get_time], tool_choice=choice)


def test_it_takes_tools_of_any_kind() -> None:
    def get_status(site: str) -> str:
        """The status of a site."""
        return site

    for kind in (get_status, tool(get_status)):
        bound = OfflineChatModel().bind_tools([kind], strict=True)
        assert bound.invoke("get status of Oslo").tool_calls[0]["args"] == {"site": "Oslo"}
    server_side = {"type": "web_search_preview"}
    assert OfflineChatModel().bind_tools([server_side]).invoke("web search preview").tool_calls == []


def test_a_streamed_call_is_the_same_call() -> None:
    model = OfflineChatModel().bind_tools(TOOLS)
    question = "Use get_weather for Paris and get_time for Tokyo"
    first, *rest = model.stream(question)
    whole = sum(rest, start=first)
    asked = model.invoke(question)
    assert whole.tool_calls == asked.tool_calls
    assert whole.response_metadata == asked.response_metadata
    assert whole.usage_metadata == asked.usage_metadata


PIECES = (
    "get_weather|add|book room|set status|labels|sum_values|3|-4.5|1,000|2026-01-02|=|:|open|'a b'|\"x\"|[|]|{|}|(|)|,"
    "|for|Oslo|without|archived|limit|\n|?"
)
FRAGMENTS = st.sampled_from(PIECES.split("|"))
questions = st.lists(st.one_of(FRAGMENTS, st.text(max_size=8)), max_size=12).map(" ".join)


@given(questions, st.sampled_from(["auto", "any", *(each.name for each in TOOLS)]))
def test_every_call_has_arguments_that_its_tool_accepts(question: str, choice: str) -> None:
    by_name = {each.name: each for each in TOOLS}
    for name, arguments in calls(question, tool_choice=choice):
        schema: Any = by_name[name].args_schema
        schema.model_validate(arguments, strict=False)
        assert arguments.keys() <= schema.model_fields.keys()
