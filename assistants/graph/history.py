"""How much of a conversation goes back to the model. Pure.

The newest messages, whole, as far as the budget of tokens reaches. What is left never begins in the middle of a
turn: a tool's result without its call, or a call without its result, is something that no provider accepts.
"""

from __future__ import annotations

from collections.abc import Iterable

from langchain_core.messages import AIMessage, BaseMessage

from assistants.messages import text_of, without_open_calls

MOST_MESSAGES = 50
"""However short they are: providers' clients spend CPU on each message of each request."""
CHARACTERS_PER_TOKEN = 4  # the usual rough figure for English; counting exactly would need each model's own tables
TOKENS_PER_MESSAGE = 4  # role and separators


def estimate_tokens(message: BaseMessage) -> int:
    """About how many tokens a message costs, tool calls included. No network, no tables."""
    size = len(text_of(message.content))
    if isinstance(message, AIMessage):
        size += sum(len(call["name"]) + len(str(call["args"])) for call in message.tool_calls)
    return size // CHARACTERS_PER_TOKEN + TOKENS_PER_MESSAGE


def recent(newest_first: Iterable[BaseMessage], budget: int) -> list[BaseMessage]:
    """The newest messages that fit into ``budget`` tokens, oldest first, beginning with a person's message.

    Reads no further than it keeps, so the source may be lazy.
    """
    kept: list[BaseMessage] = []
    for message in newest_first:
        budget -= estimate_tokens(message)
        if budget < 0 or len(kept) == MOST_MESSAGES:
            break
        kept.append(message)
    while kept and kept[-1].type != "human":
        kept.pop()
    return without_open_calls(kept[::-1])
