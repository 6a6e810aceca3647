"""A question, checked and stored: everything that can refuse, refuses here, before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from langchain_core.messages import BaseMessage, HumanMessage, message_to_dict, messages_from_dict

from assistants.access import thread_for
from assistants.assistants import AIAssistant
from assistants.exceptions import RunActiveError
from assistants.models import Message, Run, Thread
from assistants.permissions import check_may_run
from assistants.runs.turns import Turn, as_json_id
from tenants.actors import Actor
from tenants.errors import Conflict, InvalidInput
from tenants.text import check_text

LONGEST_MESSAGE = 100_000  # characters
LONGEST_TITLE = 60  # characters of the first question that name a thread
MOST_HISTORY = 40  # messages that go back to the model


def begin_turn(
    actor: Actor, thread_id: Any, assistant_id: str, content: str, *, user: Any = None, request: Any = None
) -> Turn:
    """Check the question, then store it together with its run.

    Raises
    ------
    InvalidInput, TooLarge
        The content is empty, holds NUL or is longer than ``LONGEST_MESSAGE``.
    AIAssistantNotDefinedError, AIUserNotAllowedError, ThreadNotFound
        There is no such assistant or thread for this actor.
    Conflict
        The thread belongs to another assistant (``thread_has_other_assistant``), or is busy (``run_active``).
    """
    _check_content(content)
    assistant_class = AIAssistant.get_cls(assistant_id)
    thread = thread_for(actor, thread_id)
    decision = check_may_run(actor, assistant_id)
    if thread.assistant_id and thread.assistant_id != assistant_id:
        raise Conflict(
            f"This thread belongs to the assistant {thread.assistant_id}.", code="thread_has_other_assistant"
        )
    history = _history(thread)
    try:
        with transaction.atomic():
            run = Run.objects.create(
                thread=thread,
                assistant_id=assistant_id,
                actor_kind=actor.kind,
                created_by_id=actor.user_id,
                rule_id=decision.rule_id,
            )
            question = _store(thread, run, content)
    except IntegrityError:
        raise _busy(thread) from None
    return Turn(
        actor=actor,
        run_id=run.pk,
        thread_id=thread.pk,
        assistant=assistant_class(user=user, request=request, actor=actor),
        question=content,
        question_id=question.pk,
        history=history,
    )


def _check_content(content: str) -> None:
    if not content.strip():
        raise InvalidInput("Say something: the message is empty.", field="content", code="empty_content")
    check_text(content, field="content", longest=LONGEST_MESSAGE)


def _history(thread: Thread) -> Sequence[BaseMessage]:
    rows = thread.messages.order_by("-created_at", "-id").values_list("message", flat=True)[:MOST_HISTORY]
    return [message for message in messages_from_dict(list(reversed(rows))) if message.type in ("human", "ai")]


def _store(thread: Thread, run: Run, content: str) -> Message:
    row = Message(thread=thread, run=run)
    row.message = message_to_dict(HumanMessage(content=content, id=str(row.pk)))
    row.save(force_insert=True)
    changes = {"updated_at": timezone.now()}
    if not thread.name:
        changes["name"] = _title(content)
    Thread.objects.filter(pk=thread.pk).update(**changes)
    return row


def _title(content: str) -> str:
    line = " ".join(content.split())
    return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1].rstrip() + "…"


def _busy(thread: Thread) -> RunActiveError:
    running = Run.objects.filter(thread=thread, status__in=Run.ACTIVE).values_list("pk", flat=True).first()
    return RunActiveError(run_id=as_json_id(running))
