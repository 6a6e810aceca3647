"""A streamed reply in plain dicts: whole however it was cut on its way, joined where pieces came together."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistants.llm.completions import ReplyStream, joined


def piece(text: str | None = None, **more: Any) -> dict[str, Any]:
    """A chunk as servers send it."""
    delta = {} if text is None else {"content": text}
    return {"choices": [{"index": 0, "delta": {**delta, **more}, "logprobs": None, "finish_reason": None}]}


CALL = piece(tool_calls=[{"index": 0, "id": "c1", "function": {"name": "look", "arguments": "{}"}}])
END = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
USAGE = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}}
REPLY = [piece("", role="assistant", refusal=None), piece("It is "), piece("süß"), piece(" \n\n"), CALL, END, USAGE]


def stream_of(chunks: Sequence[dict[str, Any]], line_end: str = "\n") -> str:
    events = [f"data: {json.dumps(chunk, ensure_ascii=False)}" for chunk in chunks]
    return "".join(event + line_end * 2 for event in [": ping", *events, "data: [DONE]"])


class Response:
    """An HTTP response that arrives in these parts, and may break off."""

    request = None

    def __init__(self, parts: Sequence[str], error: Exception | None = None) -> None:
        self.parts, self.error, self.closed = parts, error, False

    async def aiter_text(self) -> AsyncIterator[str]:
        for part in self.parts:
            yield part
        if self.error is not None:
            raise self.error

    async def aclose(self) -> None:
        self.closed = True


Response.__module__ = "httpx.test"  # the errors that are waited for are those of the response's own library


def read(response: Response) -> list[dict[str, Any]]:
    async def chunks() -> list[dict[str, Any]]:
        async with ReplyStream(response) as stream:
            return [chunk async for chunk in stream]

    found = asyncio.run(chunks())
    assert response.closed
    return found


def text_in(chunks: Sequence[dict[str, Any]]) -> str:
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)


@given(st.lists(st.integers(0, 600), max_size=12), st.sampled_from(["\n", "\r\n"]))
def test_a_reply_is_the_same_wherever_it_was_cut(cuts, line_end):
    whole = stream_of(REPLY, line_end)
    places = [0, *sorted({min(cut, len(whole)) for cut in cuts}), len(whole)]
    found = read(Response([whole[start:end] for start, end in pairwise(places)]))
    assert text_in(found) == "It is süß \n\n"
    assert [chunk for chunk in found if chunk in (CALL, END, USAGE)] == [CALL, END, USAGE]


def test_pieces_of_text_that_came_together_are_one():
    found = read(Response([stream_of(REPLY)]))
    assert [text_in([chunk]) for chunk in found] == ["It is süß \n\n", "", "", ""]
    assert found[0]["choices"][0]["delta"]["role"] == "assistant"


def test_pieces_that_came_one_by_one_stay_apart():
    found = read(Response([f"data: {json.dumps(chunk)}\n\n" for chunk in REPLY[1:4]]))
    assert [text_in([chunk]) for chunk in found] == ["It is ", "süß", " \n\n"]


@pytest.mark.parametrize(
    "other",
    [
        CALL,
        END,
        USAGE,
        piece("x", reasoning="hm"),
        {"choices": [{"index": 1, "delta": {"content": "x"}}]},
        {"choices": [{"index": 0, "delta": {"content": "x"}, "logprobs": {"content": []}}]},
        {"choices": [{"index": 0, "delta": {"content": "x"}}], "usage": {"total_tokens": 1}},
        {"choices": [{"index": 0, "delta": None}]},
    ],
)
def test_what_says_more_than_text_is_left_as_it_is(other):
    before, copy = piece("a"), json.loads(json.dumps(other))
    assert list(joined([before, other, piece("b")])) == [piece("a"), copy, piece("b")]


def test_what_comes_after_the_end_is_not_read_as_an_answer():
    found = read(Response([stream_of([piece("done")]), f"data: {json.dumps(piece(' or not'))}\n\n"]))
    assert text_in(found) == "done"


def test_an_error_in_the_stream_is_the_sdks_error():
    broken = 'data: {"error": {"message": "overloaded", "type": "server_error"}}\n\n'
    with pytest.raises(openai.APIError, match="overloaded"):
        read(Response([f"data: {json.dumps(piece('a'))}\n\n", broken]))


ERROR_EVENT = 'data: {"error": {"message": "overloaded", "type": "server_error"}}\n\n'


@pytest.mark.parametrize("fault", [ERROR_EVENT, "data: {no json\n\n", "data: [1, 2]\n\n", "data: 7\n\n"])
@pytest.mark.parametrize("at_once", [True, False])
def test_text_that_came_together_with_a_fault_is_not_lost(fault, at_once):
    said = [f"data: {json.dumps(chunk)}\n\n" for chunk in REPLY[:3]]
    parts = ["".join([*said, fault])] if at_once else [*said, fault]
    found = []

    async def chunks() -> None:
        async with ReplyStream(Response(parts)) as stream:
            async for chunk in stream:
                found.append(chunk)  # a comprehension would lose what came before the error

    with pytest.raises((openai.APIError, ValueError, AttributeError)):
        asyncio.run(chunks())
    assert text_in(found) == "It is süß"


@pytest.mark.parametrize(
    ("error", "wanted"),
    [("ReadTimeout", openai.APITimeoutError), ("RemoteProtocolError", openai.APIConnectionError)],
)
def test_a_connection_that_fails_is_the_sdks_error(error, wanted):
    import httpx

    with pytest.raises(wanted):
        read(Response(["data: "], getattr(httpx, error)("cut")))
