"""How much of a conversation goes back to the model."""

from __future__ import annotations

from collections.abc import Iterator

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.messages.tool import invalid_tool_call, tool_call

from assistants.graph.history import MOST_MESSAGES, estimate_tokens, recent
from assistants.messages import without_open_calls


def conversation(turns: int, size: int = 40) -> list[BaseMessage]:
    """Questions and answers of ``size`` characters, the newest first."""
    messages: list[BaseMessage] = []
    for number in range(turns):
        messages += [HumanMessage(f"{number:>{size}}"), AIMessage(f"{number:>{size}}")]
    return messages[::-1]


def calling(*ids: str, text: str = "") -> AIMessage:
    return AIMessage(content=text, tool_calls=[tool_call(name="look", args={}, id=id) for id in ids])


def answer(id: str) -> ToolMessage:
    return ToolMessage(content="seen", tool_call_id=id)


def test_it_keeps_the_newest_messages_as_far_as_the_tokens_reach():
    newest_first = conversation(100)
    each = estimate_tokens(newest_first[0])
    kept = recent(newest_first, budget=10 * each)
    assert kept == newest_first[:10][::-1]


def test_it_keeps_at_most_fifty_messages_however_short():
    assert len(recent(conversation(1000, size=1), budget=10**6)) == MOST_MESSAGES


def test_it_reads_no_further_than_it_keeps():
    read = 0

    def source() -> Iterator[BaseMessage]:
        nonlocal read
        for message in conversation(1000):
            read += 1
            yield message

    recent(source(), budget=200)
    assert read < 20


def test_it_begins_with_a_persons_message():
    newest_first = conversation(5)
    kept = recent(newest_first, budget=3 * estimate_tokens(newest_first[0]))
    assert [message.type for message in kept] == ["human", "ai"]


def test_a_message_that_is_too_long_for_the_budget_ends_it():
    assert recent([AIMessage("x" * 10_000), HumanMessage("hello")], budget=100) == []


def test_calls_cost_tokens():
    short, long = (
        AIMessage(content="", tool_calls=[tool_call(name="f", args={"a": "x" * n}, id="1")]) for n in (1, 400)
    )
    assert estimate_tokens(long) > estimate_tokens(short) + 90


def test_it_leaves_out_calls_that_nobody_answered():
    messages = [HumanMessage("a"), calling("1"), HumanMessage("b"), AIMessage("c")]
    assert without_open_calls(messages) == [messages[0], messages[2], messages[3]]


def test_it_leaves_out_calls_that_were_answered_in_part():
    messages = [HumanMessage("a"), calling("1", "2"), answer("1"), HumanMessage("b")]
    assert without_open_calls(messages) == [messages[0], messages[3]]


def test_it_leaves_out_answers_without_their_call():
    messages = [answer("1"), HumanMessage("a"), AIMessage("b"), answer("2")]
    assert without_open_calls(messages) == messages[1:3]


def test_it_keeps_answered_calls_also_those_that_could_not_be_read():
    broken = AIMessage(content="", invalid_tool_calls=[invalid_tool_call(name="f", args="{", id="9", error=None)])
    messages = [HumanMessage("a"), calling("1", "2"), answer("2"), answer("1"), broken, answer("9"), AIMessage("b")]
    assert without_open_calls(messages) == messages


def test_a_server_may_use_ids_again():
    messages = [HumanMessage("a"), calling("1"), answer("1"), calling("1"), HumanMessage("b")]
    assert without_open_calls(messages) == [*messages[:3], messages[4]]
