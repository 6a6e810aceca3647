"""A run that was begun before, read as a turn: to go on with it in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, messages_from_dict

from assistants.assistants import AIAssistant
from assistants.conf import max_history_tokens
from assistants.graph.history import MOST_MESSAGES, recent
from assistants.messages import call_ids
from assistants.models import Message, Run
from assistants.presentation import message_as_json
from assistants.runs.found_before import found_before
from assistants.runs.turns import Turn
from tenants.actors import Actor


def turn_of(run: Run, assistant: AIAssistant, actor: Actor) -> Turn:
    """The run as a turn. It has a question; what it has brought until it waited for a person is the turn's so far."""
    question: Any = run.question
    rows = messages_so_far(run)
    so_far = messages_from_dict([row.message for row in rows])
    content = messages_from_dict([question.message])[0]
    assert isinstance(content, HumanMessage)
    return Turn(
        actor=actor,
        run_id=run.pk,
        thread_id=run.thread_id,
        assistant=assistant,
        question=content.content,  # type: ignore[arg-type]
        question_id=question.pk,
        asked=message_as_json(question),
        history=_history(run, question),
        replaces=run.replaces_id,
        so_far=so_far,
        shown=[message_as_json(row) for row in rows if row.is_readable],
        decisions=_decisions(run, rows, so_far),
        receipt=run.receipt,
        found=found_before(run.receipt.get("passages", ()), so_far) if so_far else (),
    )


def messages_so_far(run: Run) -> list[Message]:
    """What the run has brought and stored, oldest first."""
    rows = run.messages.order_by("created_at", "id")
    return [row for row in rows if row.pk != run.question_id]


def _history(run: Run, question: Message) -> list[BaseMessage]:
    earlier = run.thread.messages.filter(created_at__lt=question.created_at, superseded=False)
    rows = earlier.order_by("-created_at", "-id").values_list("message", flat=True)[:MOST_MESSAGES]
    return recent((messages_from_dict([row])[0] for row in rows), max_history_tokens())


def _decisions(run: Run, rows: Sequence[Message], so_far: Sequence[BaseMessage]) -> Mapping[str, Mapping[str, Any]]:
    """Those on the calls of the last message. Some servers use ids of calls again: an earlier call's do not count."""
    if not so_far or not call_ids(so_far[-1]):
        return {}
    proposal = str(rows[-1].pk)
    return {id: decided for id, decided in run.decisions.items() if decided["message_id"] == proposal}
