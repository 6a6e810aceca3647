"""Pieces of a reply, made and put together without LangChain's work for each of them.

A piece that is nothing but text is most of what a model sends. LangChain checks each as it checks a whole message, and
adds it to the sum of those before: a third of what a token cost the process.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import cache, reduce
from operator import add
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk

_ALONE = frozenset({"model_provider"})  # what LangChain does not write twice where pieces that say it are added


class Pieces:
    """A reply's pieces in their order. Their sum is that of adding them one by one; text is joined only once."""

    def __init__(self) -> None:
        self._parts: list[Any] = []
        self._texts: list[str] = []

    def add(self, piece: Any) -> None:
        """Take the next piece."""
        if self._parts and is_plain(piece) and _belongs_to(self._parts[-1], piece):
            self._texts.append(piece.content)
        else:
            self._settle()
            self._parts.append(piece)

    def sum(self) -> Any:
        """All pieces in one, or None where there were none."""
        self._settle()
        return reduce(add, self._parts) if self._parts else None

    def _settle(self) -> None:
        if self._texts:
            last = self._parts[-1]
            self._parts[-1] = last.model_copy(update={"content": last.content + "".join(self._texts)})
            self._texts.clear()


def is_plain(piece: Any) -> bool:
    """True for a piece that says nothing but text."""
    return (
        type(piece) is AIMessageChunk
        and isinstance(piece.content, str)
        and piece.usage_metadata is None
        and piece.chunk_position is None
        and piece.name is None
        and not (piece.tool_call_chunks or piece.tool_calls or piece.invalid_tool_calls or piece.additional_kwargs)
        and piece.response_metadata.keys() <= _ALONE
    )


def _belongs_to(before: Any, piece: AIMessageChunk) -> bool:
    return is_plain(before) and before.id == piece.id and before.response_metadata == piece.response_metadata


def plain_generation(text: str, provider: str) -> ChatGenerationChunk:
    """What LangChain makes of a piece of text: the same, but made as a copy and not checked again."""
    message, generation = (copy.copy(each) for each in _patterns())
    vars(message).update(content=text, **_own(), response_metadata={"model_provider": provider})
    vars(generation).update(text=text, message=message)
    return generation


def _own() -> dict[str, Any]:
    """Of each message its own: whoever changes one of them changes no other piece."""
    return {"additional_kwargs": {}, "tool_calls": [], "invalid_tool_calls": [], "tool_call_chunks": []}


@cache
def _patterns() -> Sequence[Any]:
    message = AIMessageChunk(content="", **_own(), response_metadata={})
    return message, ChatGenerationChunk(message=message)


def with_facts(generation: ChatGenerationChunk, run_id: str) -> BaseMessage:
    """The piece's message as LangChain passes it on: with the reply's id, and what is known of the reply."""
    message = generation.message
    if message.id is None:
        message.id = run_id
    if generation.generation_info:
        message.response_metadata = {**generation.generation_info, **message.response_metadata}
    return message
