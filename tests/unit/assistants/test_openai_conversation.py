"""A client's messages <-> LangChain's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, convert_to_openai_messages
from langchain_core.messages.tool import invalid_tool_call, tool_call

from assistants.graph.client_tools import LONGEST_ID, FromClient, is_for_client, split
from assistants.openai_api.conversation import BadMessages, calls_as_json, read_request
from assistants.openai_api.errors import error_body, error_response
from assistants.openai_api.schemas import CompletionIn
from assistants.openai_api.supported import Unsupported
from tenants.errors import InvalidInput

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=30).filter(
    str.strip
)
VALUES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS
ARGUMENTS = st.dictionaries(TEXTS, VALUES, max_size=3)
NAMES = st.from_regex(r"[a-z_]{1,12}", fullmatch=True)


@st.composite
def turns(draw: st.DrawFn, number: int) -> list[dict[str, Any]]:
    """A question, perhaps rounds of calls with their results, and an answer."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": draw(TEXTS)}]
    for round_number in range(draw(st.integers(0, 2))):
        ids = [f"{number}-{round_number}-{each}" for each in range(draw(st.integers(1, 2)))]
        calls = [tool_call(name=draw(NAMES), args=draw(ARGUMENTS), id=id) for id in ids]
        messages.append({"role": "assistant", "content": "", "tool_calls": calls_as_json(calls)})
        messages += [{"role": "tool", "tool_call_id": id, "content": draw(TEXTS)} for id in ids]
    return messages


@st.composite
def conversations(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A conversation that ends with a question, or with the results of its calls."""
    messages: list[dict[str, Any]] = []
    for number in range(draw(st.integers(0, 3))):
        messages += [*draw(turns(number)), {"role": "assistant", "content": draw(TEXTS)}]
    return messages + draw(turns(99))


def read(messages: list[dict[str, Any]], **more: Any):
    return read_request(CompletionIn(model="x", messages=messages, **more))


def as_openai(messages: list[BaseMessage]) -> list[dict[str, Any]]:
    written = convert_to_openai_messages(messages)
    assert isinstance(written, list)
    for message in written:
        for call in message.get("tool_calls", ()):
            call["function"]["arguments"] = json.loads(call["function"]["arguments"])
    return written


@given(conversations())
def test_a_conversation_is_the_same_there_and_back(messages):
    asked = read(messages)
    back = [*as_openai(list(asked.history)), {"role": "user", "content": asked.question}]
    back += as_openai(list(asked.so_far))
    for message in messages:
        for call in message.get("tool_calls", ()):
            call["function"]["arguments"] = json.loads(call["function"]["arguments"])
    assert back == messages


@given(conversations(), st.lists(TEXTS, max_size=3), st.randoms())
def test_instructions_are_taken_out_wherever_they_stand(messages, instructions, random):
    mixed = list(messages)
    for number, text in enumerate(instructions):
        # Between turns: a call must have its results at once.
        places = [at for at, message in enumerate(mixed) if message["role"] == "user"]
        mixed.insert(random.choice(places), {"role": ["system", "developer"][number % 2], "content": text})
    asked, plain = read(mixed), read(messages)
    assert (asked.question, asked.history, asked.so_far) == (plain.question, plain.history, plain.so_far)
    assert sorted(asked.from_client.instructions) == sorted("\n\n".join(instructions))


def call_of(id: str = "1", arguments: str = "{}") -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": "f", "arguments": arguments}}


HELLO = {"role": "user", "content": "Hello"}
CALLING = {"role": "assistant", "tool_calls": [call_of()]}
RESULT = {"role": "tool", "tool_call_id": "1", "content": "x"}


@pytest.mark.parametrize(
    ("messages", "field"),
    [
        ([HELLO, CALLING], "messages.1.tool_calls"),
        ([HELLO, CALLING, HELLO], "messages.1.tool_calls"),
        ([HELLO, RESULT], "messages.1.tool_call_id"),
        ([HELLO, CALLING, RESULT, RESULT], "messages.3.tool_call_id"),
        ([{**HELLO, "tool_calls": [call_of()]}, RESULT], "messages.0.tool_calls"),
        ([HELLO, {"role": "assistant", "tool_calls": [call_of(), call_of()]}, RESULT], "messages.1.tool_calls"),
        ([HELLO, {"role": "assistant", "tool_calls": [call_of(arguments="[1]")]}, RESULT], "messages.1.tool_calls"),
        ([HELLO, {"role": "assistant", "tool_calls": [call_of(arguments="{")]}, RESULT], "messages.1.tool_calls"),
        ([{"role": "system", "content": "Hi"}], "messages"),
    ],
)
def test_what_is_no_conversation_is_refused_with_the_place(messages, field):
    with pytest.raises(BadMessages) as refused:
        read(messages)
    assert refused.value.facts["errors"][0]["field"] == field  # type: ignore[index]


@pytest.mark.parametrize("text", ["\x00", "\ud800", "x" * 100_001])
def test_text_that_cannot_be_passed_on_is_refused(text):
    with pytest.raises(InvalidInput):
        read([{"role": "system", "content": text}, HELLO])


def test_parts_are_put_below_one_another():
    parts = [{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "b"}]
    assert read([{"role": "assistant", "content": parts}, HELLO]).history[0].content == "a\nb"


TOOL = {"type": "function", "function": {"name": "f"}}


def test_a_tool_without_parameters_takes_none():
    [tool] = read([HELLO], tools=[TOOL]).from_client.tools
    assert tool["function"] == {"name": "f", "parameters": {"type": "object", "properties": {}}}


def test_two_tools_of_one_name_are_refused():
    with pytest.raises(InvalidInput, match="same name"):
        read([HELLO], tools=[TOOL, TOOL])


@pytest.mark.parametrize(
    "choice", ["f", "any", {"type": "function", "function": {"name": "g"}}, {"type": "custom"}, {"type": "function"}]
)
def test_a_choice_that_is_none_of_the_tools_is_refused(choice):
    with pytest.raises(Unsupported):
        read([HELLO], tools=[TOOL], tool_choice=choice)


# -- whose calls


CLIENT = FromClient(tools=[TOOL], call_prefix=f"call_{'0' * 32}-")


def message(*names: str, broken: bool = False) -> AIMessage:
    calls = [tool_call(name=name, args={}, id=f"given-{at}") for at, name in enumerate(names)]
    invalid = [invalid_tool_call(name="f", args="{", id="broken", error=None)] if broken else []
    return AIMessage(content="", tool_calls=calls, invalid_tool_calls=invalid)


@given(st.lists(st.sampled_from(["f", "own", "other"]), max_size=6), st.booleans())
def test_every_call_is_the_assistants_or_the_clients_and_none_is_lost(names, broken):
    kept, put_off = split(message(*names, broken=broken), CLIENT)
    assert isinstance(kept, AIMessage)
    theirs = [call for call in [*kept.tool_calls, *put_off] if call["name"] == "f"]
    assert [call["name"] for call in kept.tool_calls if call["name"] != "f"] == [n for n in names if n != "f"]
    assert len(theirs) == names.count("f")
    assert all(call["id"].startswith(CLIENT.call_prefix) and len(call["id"]) <= LONGEST_ID for call in theirs)
    assert is_for_client(kept, CLIENT) == (bool(theirs) and not put_off)
    assert is_for_client(kept, CLIENT) == (set(names) == {"f"} and not broken)


def test_a_turn_of_no_client_is_left_alone():
    said = message("f")
    assert split(said, None) == (said, [])
    assert not is_for_client(said, None)


def test_a_content_that_repeats_the_calls_keeps_only_the_assistants_own():
    parts = [{"type": "text", "text": "One moment."}, *({"type": "tool_use", "id": f"given-{at}"} for at in (0, 1))]
    said = message("own", "f").model_copy(update={"content": parts})
    kept, _ = split(said, CLIENT)
    assert kept.content == parts[:2]


# -- errors


def test_an_error_is_written_as_openai_does():
    facts = {"errors": [{"field": "n", "message": "no"}, {"field": "stop", "message": "no"}], "request_id": "r"}
    body = error_body(400, "unsupported_parameter", "No.", **facts)
    assert body == {
        "error": {
            "message": "No.",
            "type": "invalid_request_error",
            "param": "n",
            "code": "unsupported_parameter",
            "atrium": {"code": "unsupported_parameter", "request_id": "r"},
        }
    }


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (401, "wrong_api_key", (401, "invalid_request_error", "invalid_api_key")),
        (403, "assistant_not_allowed", (403, "permission_error", "assistant_not_allowed")),
        (404, "assistant_not_found", (404, "invalid_request_error", "model_not_found")),
        (413, "too_large", (400, "invalid_request_error", "too_large")),
        (422, "invalid_input", (400, "invalid_request_error", "invalid_input")),
        (429, "too_many_requests", (429, "rate_limit_error", "too_many_requests")),
        (503, "unavailable", (503, "server_error", "unavailable")),
    ],
)
def test_a_problem_has_the_status_and_the_words_that_openais_clients_know(status, code, told):
    response = error_response(status, code, "No.")
    error = json.loads(response.content)["error"]
    assert (response.status_code, error["type"], error["code"]) == told
    assert "x-should-retry" not in response


def test_a_run_that_has_failed_is_not_to_be_repeated():
    assert error_response(502, "model_failed", "No.", run_id="1")["x-should-retry"] == "false"
