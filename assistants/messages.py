"""LangChain messages: their text, and which of them people read."""

from __future__ import annotations

from langchain_core.messages import BaseMessage


def text_of(content: object) -> str:
    """The text in a LangChain message's content, which is a string or a list of typed parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(part if isinstance(part, str) else part.get("text", "") for part in parts)


def is_readable(message: BaseMessage) -> bool:
    """True for what people read in a conversation."""
    return message.type == "human" or (message.type == "ai" and bool(text_of(message.content)))
