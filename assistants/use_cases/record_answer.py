"""What came of a turn, stored in one statement: messages, events and the run's end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from langchain_core.messages import message_to_dict

from assistants.messages import storable
from assistants.models import Message, Run, RunEvent
from assistants.presentation import message_as_json
from assistants.runs.events import Event, EventType
from assistants.runs.storage import give_keys, store_answer
from assistants.runs.turns import Answer, Turn, as_json_id
from assistants.runs.variants import Answers
from assistants.use_cases.arrange_answers import answers_with

MOST_REMOVED = 2**15 - 1  # what the column holds: a model may say anything


def record_answer(turn: Turn, answer: Answer, events: Sequence[Event], last: int) -> tuple[EventType, dict[str, Any]]:
    """Store the answer, whole or partial, the events that are not stored yet, and the final one, which it returns.

    ``last`` is the sequence number of the run's latest event.
    """
    rows = _messages(turn, answer)
    others = _among_others(turn, answer, rows)
    final = _final_event(turn, answer, rows)
    log = _log(turn, [*events, Event(last + 1, *final)])
    now = timezone.now()
    run = Run(pk=turn.run_id, thread_id=turn.thread_id)
    used = (answer.counted_tokens, answer.counted_cost)
    store_answer(run, _end(answer, now), rows, log, updated_at=now, others=others, used=used)
    return final


def _messages(turn: Turn, answer: Answer) -> list[Message]:
    """The answer's messages as rows, with the keys that they will have."""
    rows = [Message(thread_id=turn.thread_id, run_id=turn.run_id) for _ in answer.messages]
    give_keys(rows)
    for row, message in zip(rows, answer.messages, strict=True):
        row.created_at = timezone.now()
        row.message = storable(message_to_dict(message.model_copy(update={"id": str(row.pk)})))
    for row, citations in zip(rows, answer.cited, strict=False):
        row.citations = storable(list(citations))
    return rows


def _among_others(turn: Turn, answer: Answer, rows: Sequence[Message]) -> Answers | None:
    """Where the answer has its place among others to its question; the rows are told. None for a first answer."""
    if turn.replaces is None:
        return None
    whole = not (answer.error_code or answer.cancelled)
    readable = any(row.is_readable for row in rows)
    answers = answers_with(turn.question_id, turn.run_id, turn.replaces, whole=whole, readable=readable)
    for row in rows:
        row.variant, row.variants = answers.number_of(turn.run_id), answers.total
        row.superseded = answers.shown != turn.run_id
    return answers


def _log(turn: Turn, events: Sequence[Event]) -> list[RunEvent]:
    rows = [
        RunEvent(run_id=turn.run_id, sequence=event.sequence, type=event.type, payload=event.payload)
        for event in events
    ]
    give_keys(rows)
    return rows


def _final_event(turn: Turn, answer: Answer, rows: Sequence[Message]) -> tuple[EventType, dict[str, Any]]:
    run_id = as_json_id(turn.run_id)
    if answer.error_code:
        return "error", {"run_id": run_id, "code": answer.error_code, "detail": answer.error_detail}
    messages = [turn.asked, *turn.shown, *(message_as_json(row) for row in rows if row.is_readable)]
    if answer.cancelled:
        return "run.cancelled", {"run_id": run_id, "status": "cancelled", "messages": messages}
    if answer.waiting:
        return "run.waiting", {"run_id": run_id, "tool_calls": list(answer.waiting), "messages": messages}
    done = {"run_id": run_id, "status": "completed", "messages": messages}
    return "run.done", done if answer.output is None else {**done, "output": answer.output}


def _end(answer: Answer, now: datetime) -> dict[str, Any]:
    return {
        "status": _status(answer),
        "error_code": answer.error_code,
        "error_detail": answer.error_detail,
        "error_detail_admin": answer.error_detail_admin,
        "model": answer.model,
        "prompt_hash": answer.prompt_hash,
        "tokens_in": answer.tokens_in,
        "tokens_out": answer.tokens_out,
        "tokens_cached": answer.tokens_cached,
        "cost": answer.cost,
        "removed_markers": min(answer.removed_markers, MOST_REMOVED),
        "grounding": answer.grounding,
        "receipt": storable(answer.receipt),
        "finished_at": None if answer.waiting else now,
    }


def _status(answer: Answer) -> str:
    if answer.cancelled:
        return Run.Status.CANCELLED
    if answer.error_code:
        return Run.Status.FAILED
    return Run.Status.WAITING if answer.waiting else Run.Status.COMPLETED
