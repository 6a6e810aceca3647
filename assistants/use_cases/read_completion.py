"""What came of a completion, read back from what was stored: the same for whoever began it and for its echo."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from langchain_core.messages import AIMessage, messages_from_dict

from assistants.messages import text_of
from assistants.models import Message, Run

FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]

BETWEEN_TEXTS = "\n\n"
"""Stands between what the model says before it calls a tool of the assistant and what it says after."""
_FINISH_REASONS: dict[str, FinishReason] = {  # as the providers name them, in small letters
    "length": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
    "refusal": "content_filter",
    "safety": "content_filter",
}


@dataclass(frozen=True, slots=True)
class Completion:
    """A finished run. ``text`` is None where nothing was said; ``calls`` are the client's to make."""

    run_id: Any
    created_at: datetime
    text: str | None
    calls: Sequence[Any]
    finish_reason: FinishReason
    tokens_in: int
    tokens_out: int
    tokens_cached: int
    citations: list[dict[str, Any]]


def read_completion(run_id: Any, *, structured: bool) -> Completion:
    """What came of a run that is completed. ``structured``: the answer is an object, and no text beside it counts."""
    run = Run.objects.get(pk=run_id)
    rows = Message.objects.filter(run=run, message__type="ai").order_by("created_at", "id")
    said: list[Any] = messages_from_dict([row.message for row in rows])
    last = said[-1] if said else AIMessage(content="")
    return Completion(
        run_id=run.pk,
        created_at=run.created_at,
        text=_text([message for message in said if _is_told(message, structured)]),
        calls=last.tool_calls,
        finish_reason="tool_calls" if last.tool_calls else _finish_reason(last),
        tokens_in=run.tokens_in,
        tokens_out=run.tokens_out,
        tokens_cached=run.tokens_cached,
        citations=_citations(row for row, message in zip(rows, said, strict=True) if _is_told(message, structured)),
    )


def _citations(rows: Iterable[Message]) -> list[dict[str, Any]]:
    """What the messages cite. Markers are told by their places in the whole text (``_text``)."""
    citations, begin = [], 0
    for row in rows:
        for citation in row.citations:
            places = ({name: place + begin for name, place in each.items()} for each in citation.get("markers", ()))
            citations.append({**citation, "markers": list(places)})
        if row.content:
            begin += len(row.content) + len(BETWEEN_TEXTS)
    return citations


def _is_told(message: AIMessage, structured: bool) -> bool:
    """Beside an object, nothing that the model has said counts, nor what that cites."""
    return not structured or bool(message.additional_kwargs.get("structured_output"))


def _text(said: Sequence[AIMessage]) -> str | None:
    texts = [text_of(message.content) for message in said]
    return BETWEEN_TEXTS.join(text for text in texts if text) or None


def _finish_reason(message: AIMessage) -> FinishReason:
    facts = message.response_metadata
    given = facts.get("finish_reason") or facts.get("stop_reason") or ""
    return _FINISH_REASONS.get(str(given).lower(), "stop")
