"""What came of a turn, stored in one transaction: messages, events and the run's end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from langchain_core.messages import BaseMessage, message_to_dict

from assistants.models import Message, Run, RunEvent, Thread
from assistants.presentation import message_as_json
from assistants.runs.events import Event, EventType
from assistants.runs.turns import Answer, Turn, as_json_id


def record_answer(turn: Turn, answer: Answer, events: Sequence[Event]) -> tuple[EventType, dict[str, Any]]:
    """Store the answer, whole or partial, and the events so far with the final one. Returns the final event."""
    with transaction.atomic():
        rows = [_store(turn, message, answer) for message in answer.messages]
        final = _final_event(turn, answer, rows)
        _end_run(turn, answer)
        _keep_events(turn, [*events, Event(len(events) + 1, *final)])
        Thread.objects.filter(pk=turn.thread_id).update(updated_at=timezone.now())
    return final


def _store(turn: Turn, message: BaseMessage, answer: Answer) -> Message:
    citations = list(answer.citations) if message is answer.messages[-1] else []
    row = Message(thread_id=turn.thread_id, run_id=turn.run_id, citations=citations)
    row.message = message_to_dict(message.model_copy(update={"id": str(row.pk)}))
    row.save(force_insert=True)
    return row


def _final_event(turn: Turn, answer: Answer, rows: Sequence[Message]) -> tuple[EventType, dict[str, Any]]:
    run_id = as_json_id(turn.run_id)
    if answer.error_code:
        return "error", {"run_id": run_id, "code": answer.error_code, "detail": answer.error_detail}
    question = Message.objects.get(pk=turn.question_id)
    messages = [message_as_json(row) for row in (question, *rows) if row.is_readable]
    if answer.waiting:
        return "run.waiting", {"run_id": run_id, "tool_calls": list(answer.waiting), "messages": messages}
    return "run.done", {"run_id": run_id, "status": "completed", "messages": messages}


def _end_run(turn: Turn, answer: Answer) -> None:
    status = Run.Status.WAITING if answer.waiting else Run.Status.COMPLETED
    Run.objects.filter(pk=turn.run_id).update(
        status=Run.Status.FAILED if answer.error_code else status,
        error_code=answer.error_code,
        error_detail=answer.error_detail,
        model=answer.model,
        tokens_in=answer.tokens_in,
        tokens_out=answer.tokens_out,
        finished_at=None if answer.waiting else timezone.now(),
    )


def _keep_events(turn: Turn, events: Sequence[Event]) -> None:
    RunEvent.objects.bulk_create(
        RunEvent(run_id=turn.run_id, sequence=event.sequence, type=event.type, payload=event.payload)
        for event in events
    )
