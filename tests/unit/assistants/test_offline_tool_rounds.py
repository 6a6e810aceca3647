"""What the offline model does after a tool ran: it tells the result and calls nothing twice."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool, tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

from assistants.llm.offline import OfflineChatModel


@tool
def get_weather(location: str) -> str:
    """The weather at a place."""
    return f"{location}: 18 degrees"


@tool
def get_time(city: str) -> str:
    """The time in a city."""
    return f"noon in {city}"


TOOLS: list[BaseTool] = [get_weather, get_time]


def answer(messages: list[BaseMessage], **options: Any) -> AIMessage:
    return OfflineChatModel().bind_tools(TOOLS, **options).invoke(messages)


def calls(messages: list[BaseMessage], **options: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(call["name"], call["args"]) for call in answer(messages, **options).tool_calls]


def _result(asked: AIMessage, content: Any, status: Literal["success", "error"] = "success") -> ToolMessage:
    return ToolMessage(content, tool_call_id=asked.tool_calls[0]["id"], status=status)


def test_call_ids_are_new_in_a_conversation_and_the_same_in_a_repetition() -> None:
    question: list[BaseMessage] = [HumanMessage("get_time in Oslo")]
    first = answer(question)
    again: list[BaseMessage] = [*question, first, _result(first, "noon"), AIMessage("Noon."), *question]
    second = answer(again)
    assert first.tool_calls == answer(question).tool_calls
    assert first.tool_calls[0]["id"] != second.tool_calls[0]["id"]
    both = answer([HumanMessage("Use get_time for Oslo and get_time for Rome")]).tool_calls
    assert len({call["id"] for call in both}) == len(both) == 2


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ("18 degrees", "> 18 degrees"),
        ("42", "> 42"),
        ('{"sky": "clear", "rain": null, "wind": 3}', "- **sky**: clear\n- **rain**: null\n- **wind**: 3"),
        ('["red", "blue"]', "- red\n- blue"),
        ('[{"day": 1, "sky": "clear"}]', "- day: 1, sky: clear"),
        ('{"days": [{"sky": "clear"}]}', '```json\n{\n  "days": [\n    {\n      "sky": "clear"\n    }\n  ]\n}\n```'),
        ("two\nlines", "```\ntwo\nlines\n```"),
        ("a fence\n```\ninside", "````\na fence\n```\ninside\n````"),
        (json.dumps(list(range(30))), "- … and 10 more"),
        ("long " * 2000, "more characters)"),
        ([{"type": "text", "text": "in blocks"}], "> in blocks"),
        ("", "ran and returned nothing."),
        ("see [1]", "> see [ 1 ]"),  # no citation of a passage
        ("[" * 100_000, "more characters)"),
    ],
)
def test_it_tells_what_the_tool_returned(result: Any, told: str) -> None:
    question: list[BaseMessage] = [HumanMessage("get_time in Oslo")]
    asked = answer(question)
    message = answer([*question, asked, _result(asked, result)])
    assert message.tool_calls == []
    assert "The tool `get_time`" in message.text
    assert told in message.text
    assert message.response_metadata["finish_reason"] == "stop"


def test_it_tells_an_error_as_an_error() -> None:
    question: list[BaseMessage] = [HumanMessage("get_time in Oslo")]
    asked = answer(question)
    message = answer([*question, asked, _result(asked, "No such city.", "error")])
    assert "The tool `get_time` failed:\n\n> No such city." in message.text
    assert message.tool_calls == []


@pytest.mark.parametrize("choice", ["auto", "any", "get_time"])
def test_it_never_repeats_a_call_in_a_turn(choice: str) -> None:
    question: list[BaseMessage] = [HumanMessage("get_time in Oslo")]
    asked = answer(question)
    # A human may have corrected the arguments before the tool ran.
    corrected = asked.model_copy(update={"tool_calls": [{**asked.tool_calls[0], "args": {"city": "Rome"}}]})
    for made in (asked, corrected):
        assert calls([*question, made, _result(made, "noon")], tool_choice=choice) == []


def test_the_next_question_may_call_again() -> None:
    question: list[BaseMessage] = [HumanMessage("get_time in Oslo")]
    asked = answer(question)
    turn: list[BaseMessage] = [*question, asked, _result(asked, "noon"), AIMessage("Noon.")]
    assert calls([*turn, *question]) == [("get_time", {"city": "Oslo"})]


def test_after_a_result_it_still_asks_for_what_another_tool_lacks() -> None:
    question: list[BaseMessage] = [HumanMessage("Use get_time for Oslo and get_weather")]
    asked = answer(question)
    assert [call["name"] for call in asked.tool_calls] == ["get_time"]
    text = answer([*question, asked, _result(asked, "noon")]).text
    assert "> noon" in text
    assert "- `location`" in text


@pytest.mark.asyncio
@pytest.mark.parametrize("parallel", [True, False])
async def test_an_agent_loop_runs_to_its_end(parallel: bool) -> None:
    model = OfflineChatModel().bind_tools(TOOLS, parallel_tool_calls=parallel)

    async def agent(state: MessagesState) -> dict[str, Any]:
        return {"messages": [await model.ainvoke(state["messages"])]}

    graph = StateGraph(MessagesState)
    graph.add_node("agent", agent)
    graph.add_node("tools", ToolNode(TOOLS))
    graph.add_edge(START, "agent")
    graph.add_conditional_edges("agent", tools_condition)
    graph.add_edge("tools", "agent")
    inputs: Any = {"messages": [HumanMessage("Use get_weather for Paris and get_time for Tokyo")]}
    state = await graph.compile().ainvoke(inputs, {"recursion_limit": 10})
    assert "Paris: 18 degrees" in state["messages"][-1].text
    assert "noon in Tokyo" in state["messages"][-1].text
    assert sum(isinstance(message, ToolMessage) for message in state["messages"]) == 2
