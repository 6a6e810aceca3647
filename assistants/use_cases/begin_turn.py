"""A question, checked and stored: everything that can refuse, refuses here, before anything is written."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError
from django.utils import timezone
from langchain_core.messages import HumanMessage, message_to_dict, messages_from_dict

from assistants.access import ThreadNotFound, thread_for
from assistants.assistants import AIAssistant
from assistants.callers import Caller
from assistants.conf import max_history_tokens
from assistants.exceptions import RunActiveError
from assistants.graph.history import MOST_MESSAGES, recent
from assistants.messages import text_of
from assistants.models import Message, Run, Thread
from assistants.permissions import check_may_run
from assistants.presentation import message_as_json
from assistants.runs.storage import give_keys, store_question
from assistants.runs.turns import Turn, as_json_id
from tenants.actors import Actor
from tenants.errors import AtriumError, Conflict, InvalidInput
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
    caller = Caller(user, request, actor)
    assistant_class = AIAssistant.get_cls(assistant_id)
    thread = thread_for(caller, thread_id, to="CAN_CREATE_MESSAGE_FN")
    decision = check_may_run(caller, assistant_id)
    assistant = assistant_class(user=user, request=request, actor=actor)
    return _begin(assistant, thread, actor, content, decision.rule_id)


def begin_unchecked_turn(assistant: AIAssistant, thread_id: Any, content: Any) -> Turn:
    """The same for the project's own code, which has decided who may do what. Raises ``Thread.DoesNotExist``."""
    _check_content(content)
    return _begin(assistant, Thread.objects.get(pk=thread_id), assistant.get_actor(), content, rule_id=None)


def _begin(assistant: AIAssistant, thread: Thread, actor: Actor, content: Any, rule_id: int | None) -> Turn:
    if thread.assistant_id and thread.assistant_id != assistant.id:
        raise Conflict(
            f"This thread belongs to the assistant {thread.assistant_id}.", code="thread_has_other_assistant"
        )
    run = Run(
        thread=thread,
        assistant_id=assistant.id,
        actor_kind=actor.kind,
        created_by_id=actor.user_id,
        rule_id=rule_id,
    )
    question = _question(run, content)
    try:
        earlier = store_question(run, question, _changes(thread, content), earlier=MOST_MESSAGES)
    except IntegrityError as error:
        raise _refusal(error, thread) from None
    return Turn(
        actor=actor,
        run_id=run.pk,
        thread_id=thread.pk,
        assistant=assistant,
        question=content,
        question_id=question.pk,
        asked=message_as_json(question),
        history=recent((messages_from_dict([message])[0] for message in earlier), max_history_tokens()),
    )


def _check_content(content: Any) -> None:
    text = text_of(content)
    if not text.strip():
        raise InvalidInput("Say something: the message is empty.", field="content", code="empty_content")
    check_text(text, field="content", longest=LONGEST_MESSAGE)


def _question(run: Run, content: Any) -> Message:
    """The person's message, to be stored with its run."""
    question = Message(thread_id=run.thread_id, created_at=timezone.now())
    give_keys([run, question])
    question.run_id = run.pk
    question.message = message_to_dict(HumanMessage(content=content, id=str(question.pk)))
    return question


def _changes(thread: Thread, content: Any) -> dict[str, Any]:
    """What a question changes in its thread. A thread without a name takes one from it."""
    changes: dict[str, Any] = {"updated_at": timezone.now()}
    return changes if thread.name else {**changes, "name": _title(text_of(content))}


def _title(content: str) -> str:
    line = " ".join(content.split())
    return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1].rstrip() + "…"


def _refusal(error: IntegrityError, thread: Thread) -> AtriumError:
    """What the database has refused: a second run beside the active one, or one in a thread that was just deleted."""
    if "one_active_run_a_thread" not in str(error):
        return ThreadNotFound()
    running = Run.objects.filter(thread=thread, status__in=Run.ACTIVE).values_list("pk", flat=True).first()
    return RunActiveError(run_id=as_json_id(running))
