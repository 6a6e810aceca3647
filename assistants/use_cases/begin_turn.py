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
from assistants.graph.history import MOST_MESSAGES, recent
from assistants.limits import max_history_tokens
from assistants.models import Message, Run, Thread
from assistants.permissions import check_may_run
from assistants.runs.turns import Turn, as_json_id
from tenants.actors import Actor
from tenants.errors import Conflict, InvalidInput
from tenants.text import check_text

LONGEST_MESSAGE = 100_000  # characters
LONGEST_TITLE = 60  # characters of the first question that name a thread


def begin_turn(
    actor: Actor, thread_id: Any, assistant_id: str, content: str, *, user: Any = None, request: Any = None
) -> Turn:
    """Check the question, then store it together with its run.

    Raises
    ------
    InvalidInput, TooLarge
        The content is empty, cannot be stored or is longer than ``LONGEST_MESSAGE``.
    AIAssistantNotDefinedError, AIUserNotAllowedError, ThreadNotFound
        There is no such assistant or thread for this actor.
    Conflict
        The thread belongs to another assistant (``thread_has_other_assistant``), or is busy (``run_active``).
    """
    _check_content(content)
    assistant_class = AIAssistant.get_cls(assistant_id)
    thread = thread_for(actor, thread_id)
    decision = check_may_run(actor, assistant_id)
    assistant = assistant_class(user=user, request=request, actor=actor)
    return _begin(assistant, thread, actor, content, decision.rule_id)


def begin_unchecked_turn(assistant: AIAssistant, thread_id: Any, content: str) -> Turn:
    """The same for the project's own code, which has decided who may do what. Raises ``Thread.DoesNotExist``."""
    _check_content(content)
    return _begin(assistant, Thread.objects.get(pk=thread_id), assistant.get_actor(), content, rule_id=None)


def _begin(assistant: AIAssistant, thread: Thread, actor: Actor, content: str, rule_id: int | None) -> Turn:
    if thread.assistant_id and thread.assistant_id != assistant.id:
        raise Conflict(
            f"This thread belongs to the assistant {thread.assistant_id}.", code="thread_has_other_assistant"
        )
    history = _history(thread)
    try:
        with transaction.atomic():
            run = Run.objects.create(
                thread=thread,
                assistant_id=assistant.id,
                actor_kind=actor.kind,
                created_by_id=actor.user_id,
                rule_id=rule_id,
            )
            question = _store(thread, run, content)
    except IntegrityError:
        raise _busy(thread) from None
    return Turn(
        actor=actor,
        run_id=run.pk,
        thread_id=thread.pk,
        assistant=assistant,
        question=content,
        question_id=question.pk,
        history=history,
    )


def _check_content(content: str) -> None:
    if not content.strip():
        raise InvalidInput("Say something: the message is empty.", field="content", code="empty_content")
    check_text(content, field="content", longest=LONGEST_MESSAGE)


def _history(thread: Thread) -> Sequence[BaseMessage]:
    newest_first = thread.messages.order_by("-created_at", "-id").values_list("message", flat=True)[:MOST_MESSAGES]
    return recent((messages_from_dict([row])[0] for row in newest_first), max_history_tokens())


def _store(thread: Thread, run: Run, content: str) -> Message:
    row = Message(thread=thread, run=run)
    row.message = message_to_dict(HumanMessage(content=content, id=str(row.pk)))
    row.save(force_insert=True)
    changes: dict[str, Any] = {"updated_at": timezone.now()}
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
