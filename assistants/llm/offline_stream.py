"""An answer in word-sized pieces, so that a reader sees it being written."""

from __future__ import annotations

import json
import re

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk

_WORD = re.compile(r"\s*\S+\s*|\s+")


def word_by_word(message: AIMessage) -> list[AIMessageChunk]:
    """The message in pieces that add up to it; the last one has the token usage and the response metadata.

    A tool call is one piece. There is always at least one.
    """
    pieces = [AIMessageChunk(content=word) for word in _WORD.findall(str(message.content))]
    pieces += [
        AIMessageChunk(
            content="",
            tool_call_chunks=[
                tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=index)
            ],
        )
        for index, call in enumerate(message.tool_calls)
    ]
    last = pieces.pop() if pieces else AIMessageChunk(content="")
    return [
        *pieces,
        AIMessageChunk(
            content=last.content,
            tool_call_chunks=last.tool_call_chunks,
            usage_metadata=message.usage_metadata,
            response_metadata=message.response_metadata,
            chunk_position="last",
        ),
    ]
