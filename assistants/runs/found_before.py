"""What tools had found before a turn goes on: it may still be cited, by the numbers that the model has read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from langchain_core.documents import Document
from langchain_core.messages import BaseMessage, ToolMessage

from assistants.graph.passages import parse_passages
from assistants.messages import text_of
from assistants.passage_texts import texts_of_passages
from tenants.actors import Actor
from tenants.context import require_tenant


def found_before(passages: Iterable[Mapping[str, Any]], said: Sequence[BaseMessage]) -> list[Document]:
    """The passages of a receipt that tools had found, numbered, with their texts.

    A search's are in its message. Another assistant's answer cites its own without quoting them: those are read anew,
    and a text that is not the same any more is empty. At most one query, and two for a passage of several chunks.
    """
    numbered = {each["number"]: each for each in passages if each.get("call_id") and _is_number(each.get("number"))}
    told = {number: text for number, text in _told(said).items() if number in numbered}
    untold = [each for number, each in numbered.items() if number not in told]
    # Whoever asks has been given them in this turn: no rule is asked again.
    read = texts_of_passages(untold, Actor("system", require_tenant())) if untold else ()
    texts = told | {each["number"]: text or "" for each, text in zip(untold, read, strict=True)}
    return [Document(page_content=texts[number], metadata=dict(facts)) for number, facts in numbered.items()]


def _told(said: Sequence[BaseMessage]) -> dict[int, str]:
    """The texts by their numbers, from what searches have said: what looks so in another tool's answer is not ours."""
    searches = (each for each in said if isinstance(each, ToolMessage) and "passages" in each.additional_kwargs)
    return {
        passage.number: passage.text
        for message in searches
        for passage in parse_passages(text_of(message.content))
        if passage.number in message.additional_kwargs["passages"]
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and value > 0
