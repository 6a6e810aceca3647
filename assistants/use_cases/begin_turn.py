"""A question, checked and stored: everything that can refuse, refuses here, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError
from django.utils import timezone
from langchain_core.messages import HumanMessage, message_to_dict, messages_from_dict

from assistants.access import ThreadNotFound, thread_for
from assistants.assistants import AIAssistant
from assistants.callers import Caller
from assistants.conf import max_history_tokens
from assistants.exceptions import RunActiveError, RunWaitingError
from assistants.graph.history import MOST_MESSAGES, recent
from assistants.messages import text_of
from assistants.models import Message, Run, RunLease, Thread
from assistants.permissions import check_may_run
from assistants.presentation import message_as_json
from assistants.runs.idempotency import EarlierRun, Idempotency, earlier_run, key_row
from assistants.runs.process import process_id
from assistants.runs.receipts import beginning
from assistants.runs.reservation import check_in_plan, reservation_for
from assistants.runs.storage import give_keys, store_question
from assistants.runs.turns import Turn, as_json_id
from assistants.signals import asking
from tenants.actors import Actor
from tenants.budgets.errors import TooMany
from tenants.context import require_tenant
from tenants.errors import AtriumError, Conflict, InvalidInput
from tenants.rules.decide import Decision
from tenants.text import check_text

LONGEST_MESSAGE = 100_000  # characters
_UNASKED = Decision(True, None)
LONGEST_TITLE = 60  # characters of the first question that name a thread


def begin_turn(
    actor: Actor,
    thread_id: Any,
    assistant_id: str,
    content: str,
    *,
    user: Any = None,
    request: Any = None,
    idempotency: Idempotency | None = None,
) -> Turn | EarlierRun:
    """Check the question, then store it together with its run; or find the run that the same request has begun.

    Raises
    ------
    InvalidInput, TooLarge
        The content is empty, cannot be stored or is longer than ``LONGEST_MESSAGE``.
    AIAssistantNotDefinedError, AIUserNotAllowedError, ThreadNotFound
        There is no such assistant or thread for this actor.
    Conflict
        The thread belongs to another assistant (``thread_has_other_assistant``), or is busy (``run_active``).
    NotInPlan, BudgetExhausted, RuleLimit
        The tenant's plan does not have the assistant or its model; or a budget or an access rule's limit is used up.
    KeyReused
        The idempotency key came with another request before.
    """
    check_content(content)
    caller = Caller(user, request, actor)
    assistant_class = caller.assistants.get(assistant_id)
    thread = thread_for(caller, thread_id, to="CAN_CREATE_MESSAGE_FN")
    decision = check_may_run(caller, assistant_id)
    if idempotency is not None and (earlier := earlier_run(idempotency)) is not None:
        return earlier
    asking.send(sender=None, actor=actor)
    assistant = assistant_class(user=user, request=request, actor=actor)
    return store_turn(assistant, thread, actor, content, decision, idempotency=idempotency)


def begin_unchecked_turn(assistant: AIAssistant, thread_id: Any, content: Any) -> Turn:
    """The same for the project's own code, which has decided who may do what. Where a use case has decided
    (``_allowed_by``), the limits of that hold. Raises ``Thread.DoesNotExist``.
    """
    check_content(content)
    thread = Thread.objects.get(pk=thread_id)
    decision = assistant._allowed_by or _UNASKED
    turn = store_turn(assistant, thread, assistant.get_actor(), content, decision, resumable=False)
    assert isinstance(turn, Turn)  # without a key there is no earlier run
    return turn


def store_turn(
    assistant: AIAssistant,
    thread: Thread,
    actor: Actor,
    content: Any,
    decision: Decision,
    *,
    idempotency: Idempotency | None = None,
    resumable: bool = True,
    is_new: bool = False,
    draft: Mapping[str, Any] | None = None,
) -> Turn | EarlierRun:
    """Store a checked question with its run; ``is_new``: with its thread, too, which is not stored yet.

    ``draft`` is what the receipt is to say of an assistant that is only tried.
    """
    run = new_run(assistant, thread, actor, decision)
    run.receipt["assistant"] |= draft or {}
    question = _question(run, content)
    run.question_id = question.pk
    lease, key = lease_for(run, resumable), key_row(run, idempotency)
    budget = reservation_for(run, assistant, content, actor, decision)
    try:
        earlier = store_question(
            run,
            question,
            _changes(thread, content),
            lease,
            key,
            budget,
            earlier=MOST_MESSAGES,
            new_thread=thread if is_new else None,
        )
    except (IntegrityError, TooMany) as error:
        # Two requests with one key at once: the other one was first, and this one is its echo.
        same = earlier_run(idempotency) if idempotency is not None else None
        if same is not None:
            return same
        raise refusal(error, thread) from None
    return Turn(
        actor=actor,
        run_id=run.pk,
        thread_id=thread.pk,
        assistant=assistant,
        question=content,
        question_id=question.pk,
        asked=message_as_json(question),
        history=recent((messages_from_dict([message])[0] for message in earlier), max_history_tokens()),
        receipt=run.receipt,
    )


def new_run(assistant: AIAssistant, thread: Thread, actor: Actor, decision: Decision) -> Run:
    """A run of the assistant in the thread, to be stored. Raises ``Conflict`` where the thread is another's, and
    ``NotInPlan``."""
    check_in_plan(assistant)
    if thread.assistant_id and thread.assistant_id != assistant.id:
        raise Conflict(
            f"This thread belongs to the assistant {thread.assistant_id}.", code="thread_has_other_assistant"
        )
    receipt = beginning(assistant, decision.rule)
    return Run(
        thread=thread,
        assistant_id=assistant.id,
        assistant_version=receipt["assistant"]["version"],
        actor_kind=actor.kind,
        created_by_id=actor.user_id,
        api_key_id=actor.api_key_id,
        rule_id=decision.rule_id,
        receipt=receipt,
    )


def lease_for(run: Run, resumable: bool = True) -> RunLease:
    """This process' lease of the run, to be stored with it."""
    return RunLease(
        schema_name=require_tenant().schema_name,
        run_id=str(run.pk),
        owner=process_id(),
        resumable=resumable,
        heartbeat_at=timezone.now(),
    )


def check_content(content: Any) -> None:
    """Refuse a question that is empty, cannot be stored or is too long."""
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
    return changes if thread.name else {**changes, "name": title_of(text_of(content))}


def title_of(content: str) -> str:
    """A thread's name from its first question."""
    line = " ".join(content.split())
    return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1].rstrip() + "…"


def refusal(error: IntegrityError | TooMany, thread: Thread) -> AtriumError:
    """What the database has refused: a second run beside the active one, one in a thread that was just deleted, or one
    for which a budget or an access rule has nothing left."""
    if isinstance(error, TooMany):
        return error
    if "one_active_run_a_thread" not in str(error):
        return ThreadNotFound()
    active = Run.objects.filter(thread=thread, status__in=Run.ACTIVE).only("pk", "status").first()
    waits = active is not None and active.status == Run.Status.WAITING
    kind = RunWaitingError if waits else RunActiveError
    return kind(run_id=as_json_id(active.pk if active else None))
