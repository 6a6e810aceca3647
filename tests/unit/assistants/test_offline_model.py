"""The offline model as a LangChain chat model: answers, streams, usage, and that it says what it is."""

from __future__ import annotations

import asyncio
import re
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage
from langgraph.graph import END, START, MessagesState, StateGraph

from assistants.graph.passages import format_passages
from assistants.llm.offline import OfflineChatModel

MARKER = re.compile(r"\[(\d+)\]")

HANDBOOK = Document(
    "Refunds are paid within 14 days. They go to the card that was charged.",
    metadata={"number": 1, "title": "Handbook", "heading": "Money > Refunds"},
)
KITCHEN = Document("Tea is free on Fridays.", metadata={"number": 2, "title": "Kitchen rules", "heading": ""})


def ask(question: str, *documents: Document) -> list[BaseMessage]:
    system = "Answer from the passages, and cite them as [1].\n\n" + format_passages(documents)
    return [SystemMessage(system), HumanMessage(question)]


@pytest.fixture
def model() -> OfflineChatModel:
    return OfflineChatModel()


def test_it_quotes_the_best_sentence_with_its_title_and_citation(model: OfflineChatModel) -> None:
    answer = model.invoke(ask("When are refunds paid?", KITCHEN, HANDBOOK)).text
    assert "> Refunds are paid within 14 days." in answer
    assert "> — Handbook [1]" in answer
    assert "Tea" not in answer


def test_it_says_that_it_is_the_offline_model_and_why(model: OfflineChatModel) -> None:
    for messages in (ask("refunds", HANDBOOK), ask("parking", HANDBOOK), ask("refunds"), [HumanMessage("Hi")]):
        answer = model.invoke(messages).text
        assert "offline model" in answer
        assert "OPENAI_API_KEY" in answer


def test_it_says_so_when_no_passage_supports_the_question(model: OfflineChatModel) -> None:
    answer = model.invoke(ask("What does parking cost?", HANDBOOK, KITCHEN)).text
    assert "say nothing about “parking” or “cost”" in answer
    assert ">" not in answer
    assert not MARKER.search(answer)


def test_it_says_what_the_passages_lack(model: OfflineChatModel) -> None:
    answer = model.invoke(ask("Are refunds taxed in Norway?", HANDBOOK)).text
    assert "No passage mentions “taxed” or “norway”" in answer
    assert "[1]" in answer


def test_a_greeting_is_not_answered_with_a_quotation(model: OfflineChatModel) -> None:
    assert not MARKER.search(model.invoke(ask("Hello, how are you?", HANDBOOK)).text)


def test_an_empty_search_is_told(model: OfflineChatModel) -> None:
    assert "found no passage" in model.invoke(ask("When are refunds paid?")).text


def test_without_passages_and_tools_it_cannot_answer_freely(model: OfflineChatModel) -> None:
    assert "cannot answer freely" in model.invoke("Write me a poem.").text


def test_it_answers_the_last_question_from_the_last_passages(model: OfflineChatModel) -> None:
    earlier, later = ask("When are refunds paid?", HANDBOOK), ask("When is tea free?", KITCHEN)
    answer = model.invoke([*earlier, AIMessage("Within 14 days [1]."), *later]).text
    assert "Tea is free on Fridays." in answer
    assert "Refunds" not in answer


def test_it_reads_questions_that_come_as_content_blocks(model: OfflineChatModel) -> None:
    system, _ = ask("", KITCHEN)
    question = HumanMessage([{"type": "text", "text": "When is tea free?"}])
    assert "Fridays" in model.invoke([system, question]).text


@pytest.mark.parametrize("messages", [[SystemMessage("Be kind.")], [AIMessage("Hello.")], [HumanMessage("")]])
def test_a_conversation_without_a_question_gets_an_answer(model: OfflineChatModel, messages: list[BaseMessage]) -> None:
    assert "offline model" in model.invoke(messages).text


def test_it_needs_no_network(model: OfflineChatModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("The offline model opened a socket.")

    monkeypatch.setattr(socket, "socket", refuse)
    assert model.invoke(ask("When are refunds paid?", HANDBOOK)).text


@pytest.mark.asyncio
async def test_all_ways_of_asking_give_the_same_answer(model: OfflineChatModel) -> None:
    messages = ask("When are refunds paid?", HANDBOOK, KITCHEN)
    answer = model.invoke(messages).text
    assert (await model.ainvoke(messages)).text == answer
    assert "".join(chunk.text for chunk in model.stream(messages)) == answer
    assert "".join([chunk.text async for chunk in model.astream(messages)]) == answer
    assert model.batch([messages])[0].text == answer


@pytest.mark.asyncio
async def test_it_streams_word_by_word_and_ends_with_the_usage(model: OfflineChatModel) -> None:
    messages = ask("When are refunds paid?", HANDBOOK)
    for chunks in (list(model.stream(messages)), [chunk async for chunk in model.astream(messages)]):
        assert len(chunks) > 10
        assert all(len(chunk.text.split()) == 1 for chunk in chunks)
        assert all(chunk.usage_metadata is None for chunk in chunks[:-1])
        assert chunks[-1].usage_metadata == model.invoke(messages).usage_metadata
        assert chunks[-1].response_metadata == {"model_name": "atrium-offline", "finish_reason": "stop"}
        assert chunks[-1].chunk_position == "last"


def test_chunks_add_up_to_the_message(model: OfflineChatModel) -> None:
    messages = ask("When are refunds paid?", HANDBOOK)
    first, *rest = model.stream(messages)
    whole = sum(rest, start=first)
    assert isinstance(whole, AIMessageChunk)
    answer = model.invoke(messages)
    assert (whole.text, whole.usage_metadata) == (answer.text, answer.usage_metadata)
    assert whole.response_metadata == answer.response_metadata


def test_usage_adds_up_and_grows_with_the_passages(model: OfflineChatModel) -> None:
    short = model.invoke(ask("When are refunds paid?", HANDBOOK)).usage_metadata
    long = model.invoke(ask("When are refunds paid?", HANDBOOK, KITCHEN)).usage_metadata
    assert short is not None
    assert long is not None
    assert short["total_tokens"] == short["input_tokens"] + short["output_tokens"]
    assert long["input_tokens"] > short["input_tokens"] > 0
    assert short["output_tokens"] > 0


def test_it_stops_before_a_stop_sequence(model: OfflineChatModel) -> None:
    messages = ask("When are refunds paid?", HANDBOOK)
    whole = model.invoke(messages).text
    assert model.invoke(messages, stop=["within", "14"]).text == whole[: whole.index("within")]
    assert model.invoke(messages, stop=["nowhere", ""]).text == whole


def test_a_stream_that_is_stopped_at_once_still_ends_properly(model: OfflineChatModel) -> None:
    (chunk,) = model.stream(ask("When are refunds paid?", HANDBOOK), stop=["The"])
    assert chunk.text == ""
    assert chunk.usage_metadata


@pytest.mark.asyncio
async def test_a_delay_leaves_the_event_loop_free(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(asyncio, "sleep", lambda seconds: _noted(waits, seconds))
    messages = ask("When are refunds paid?", HANDBOOK)
    chunks = [chunk async for chunk in OfflineChatModel(delay=0.02).astream(messages)]
    assert waits == [0.02] * (len(chunks) - 1)


async def _noted(waits: list[float], seconds: float) -> None:
    waits.append(seconds)


def test_a_delay_holds_up_a_synchronous_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("assistants.llm.offline.time.sleep", waits.append)
    chunks = list(OfflineChatModel(delay=0.5).stream("Hello"))
    assert waits == [0.5] * (len(chunks) - 1)


def test_a_negative_delay_is_refused() -> None:
    with pytest.raises(ValueError, match="delay"):
        OfflineChatModel(delay=-1)


@pytest.mark.asyncio
async def test_langgraph_streams_it_word_by_word(model: OfflineChatModel) -> None:
    async def respond(state: MessagesState) -> dict[str, Any]:
        return {"messages": [await model.ainvoke(state["messages"])]}

    graph = StateGraph(MessagesState)
    graph.add_node("respond", respond)
    graph.add_edge(START, "respond")
    graph.add_edge("respond", END)
    messages = ask("When are refunds paid?", HANDBOOK)
    inputs: Any = {"messages": messages}
    parts: Any = graph.compile().astream(inputs, stream_mode="messages")
    streamed = [message.text async for message, _ in parts]
    assert len(streamed) > 10
    assert "".join(streamed) == model.invoke(messages).text


def test_traces_know_the_model(model: OfflineChatModel) -> None:
    assert model._llm_type == "atrium-offline"
    assert model._identifying_params == {"model_name": "atrium-offline"}


@given(
    question=st.text(max_size=80),
    contents=st.lists(st.text(max_size=200), max_size=4),
    title=st.text(max_size=30),
)
def test_it_answers_anything_and_cites_only_passages_that_it_was_given(
    question: str, contents: list[str], title: str
) -> None:
    model = OfflineChatModel()
    documents = [Document(content, metadata={"title": title}) for content in contents]
    messages = ask(question, *documents)
    answer = model.invoke(messages).text
    assert answer == "".join(chunk.text for chunk in model.stream(messages))
    assert {int(number) for number in MARKER.findall(answer)} <= set(range(1, len(documents) + 1))
