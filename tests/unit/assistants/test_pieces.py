"""A streamed reply is LangChain's own, piece by piece, though less work is done for each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from assistants.llm.chat_openai import chat_openai
from assistants.llm.completions import ReplyStream
from assistants.llm.pieces import Pieces
from assistants.runs.token_use import TokenUse
from tests.unit.assistants.test_completions import CALL, END, REPLY, USAGE, Response, piece, stream_of

RUN = UUID(int=7)
HELLO = [piece("", role="assistant"), piece("Hello"), piece(" you"), piece("!"), {**END, "model": "m-1"}, USAGE]
REPLIES = {
    "text": HELLO,
    "text and a call": REPLY,
    "a call": [piece(None, role="assistant"), CALL, {"choices": [{"index": 0, "delta": {}, "finish_reason": "x"}]}],
    "other roles, null and empty": [piece("a", role="user"), piece(), piece(""), piece("b", role="assistant"), END],
    "log probabilities": [
        piece("a"),
        {"choices": [{"index": 0, "delta": {"content": "b"}, "logprobs": {"content": []}}]},
        END,
    ],
}


class Listener(BaseCallbackHandler):
    """A project's own handler: it wants to hear of everything."""

    run_inline = True

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.ends: list[Any] = []

    def on_chat_model_start(self, serialized: Any, messages: Any, **kwargs: Any) -> None:
        pass

    def on_llm_new_token(self, token: str, **kwargs: Any) -> None:
        self.tokens.append(token)

    def on_llm_end(self, response: Any, **kwargs: Any) -> None:
        self.ends.append(response.generations[0][0].message)

    def on_llm_error(self, error: BaseException, **kwargs: Any) -> None:
        self.ends.append(kwargs["response"].generations[0][0].message)


class EasilyContent(Listener):
    """One that has heard enough after the first text, as the counting of tokens has."""

    def wants_tokens(self, run_id: UUID) -> bool:
        return not any(self.tokens)


def model(kind: type[ChatOpenAI], reply: Sequence[dict[str, Any]], error: Exception | None = None) -> ChatOpenAI:
    made = kind(model="m", api_key=SecretStr("key"), stream_usage=True)

    class Client:
        async def create(self, **payload: Any) -> ReplyStream:
            parts = [f"{event}\n\n" for event in stream_of(reply).split("\n\n")[1 : 1 + len(reply)]]
            return ReplyStream(Response(parts if error else [*parts, "data: [DONE]\n\n"], error))

    made.async_client = Client()
    return made


async def heard(asked: ChatOpenAI, listener: BaseCallbackHandler) -> list[Any]:
    return [each async for each in asked.astream("Hi", {"callbacks": [listener], "run_id": RUN})]


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
async def test_a_reply_is_langchains_to_the_piece(reply):
    theirs, quiet = Listener(), EasilyContent()
    expected = await heard(model(ChatOpenAI, reply), theirs)
    assert await heard(model(chat_openai(), reply), quiet) == expected
    assert quiet.ends == theirs.ends


async def test_who_has_heard_enough_is_told_no_more_and_others_hear_of_every_piece():
    quiet, curious = EasilyContent(), Listener()
    await heard(model(chat_openai(), HELLO), quiet)
    await heard(model(chat_openai(), HELLO), curious)
    assert quiet.tokens == ["", "Hello"]
    assert "".join(curious.tokens) == "Hello you!"
    assert len(curious.tokens) >= len(HELLO)


async def test_what_was_said_before_a_failure_is_told_with_it():
    class Cut(Exception):
        """Any failure."""

    quiet, asked = EasilyContent(), model(chat_openai(), HELLO[:4], Cut())
    with pytest.raises(Cut):
        await heard(asked, quiet)
    assert [end.content for end in quiet.ends] == ["Hello you!"]


async def test_a_reply_without_any_piece_is_an_error():
    with pytest.raises(ValueError, match="No generation chunks"):
        await heard(model(chat_openai(), []), EasilyContent())


async def test_the_counting_of_tokens_hears_the_first_text_and_the_end():
    use = TokenUse()
    await heard(model(chat_openai(), HELLO), use)
    [step] = use.timeline.steps
    assert (use.tokens_in, use.tokens_out, use.model) == (3, 4, "m-1")
    assert (step["model"], step["error_type"]) == ("m-1", "")
    assert step["first_token_ms"] is not None
    assert use.timeline.first_text_ms is not None


async def test_pieces_of_text_share_nothing():
    first, second, *_ = (each for each in await heard(model(chat_openai(), HELLO), EasilyContent()) if each.content)
    first.response_metadata["mine"] = first.additional_kwargs["mine"] = True
    assert "mine" not in {**second.response_metadata, **second.additional_kwargs}


facts = st.sampled_from([{}, {"model_provider": "openai"}, {"model_provider": "openai", "say": "x"}])
calls = st.sampled_from([[], [], [], [tool_call_chunk(name="look", args="{", id="c", index=0)]])
pieces = st.builds(
    AIMessageChunk,
    content=st.sampled_from(["", "a", "b ", "c\n"]),
    response_metadata=facts,
    tool_call_chunks=calls,
    id=st.sampled_from([None, "lc_run--1", "lc_run--2", "own"]),
    usage_metadata=st.sampled_from([None, None, {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}]),
    chunk_position=st.sampled_from([None, None, None, "last"]),
)


@given(st.lists(pieces, max_size=8))
def test_the_sum_is_that_of_adding_one_by_one(each):
    copies, together = [one.model_copy(deep=True) for one in each], Pieces()
    for one in each:
        together.add(one)
    assert together.sum() == (reduce(add, each) if each else None)
    assert together.sum() == together.sum()
    assert each == copies
