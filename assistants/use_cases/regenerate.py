"""Another answer to a question that is there already: asked for again because of the answer, or because of an error."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError
from langchain_core.messages import messages_from_dict

from assistants.access import thread_for
from assistants.assistants import AIAssistant
from assistants.callers import Caller
from assistants.conf import max_history_tokens
from assistants.exceptions import RunActiveError, RunWaitingError
from assistants.graph.history import MOST_MESSAGES, recent
from assistants.models import Message, Run, Thread
from assistants.presentation import message_as_json
from assistants.runs.idempotency import EarlierRun, Idempotency, earlier_run, key_row
from assistants.runs.reservation import reservation_for
from assistants.runs.storage import give_keys, store_another_run
from assistants.runs.turns import Turn, as_json_id
from assistants.signals import asking
from assistants.use_cases.begin_turn import lease_for, new_run, refusal
from assistants.use_cases.playground import assistant_of_run
from assistants.use_cases.runs import get_run
from tenants.budgets.errors import TooMany
from tenants.errors import Conflict
from tenants.rules.decide import Decision

MOST_ANSWERS = 50  # to one question


class NotTheLastAnswer(Conflict):
    """The conversation has gone on since this answer. Only its last question can be answered again."""

    code = "not_the_last_answer"


class QuestionDeleted(Conflict):
    """The question of this run was deleted. Ask it again."""

    code = "question_deleted"


class ConversationElsewhere(Conflict):
    """The client of the OpenAI-compatible API keeps this conversation. Send it again from there."""

    code = "conversation_elsewhere"


class TooManyAnswers(Conflict):
    """This question has been answered too often. Ask it in other words."""

    code = "too_many_answers"


def begin_another_answer(caller: Caller, run_id: Any, idempotency: Idempotency | None = None) -> Turn | EarlierRun:
    """Begin another run for the question of this one; the question is not stored again.

    The answers of before are kept. The new one takes their place when it is stored (``runs/variants.py``).

    Raises
    ------
    RunNotFound, ThreadNotFound, AIAssistantNotDefinedError, AIUserNotAllowedError
        There is no such run, thread or assistant for this caller.
    RunActiveError, RunWaitingError
        The run has not ended, or another one is active in the thread.
    NotTheLastAnswer, QuestionDeleted, ConversationElsewhere, TooManyAnswers, Conflict
        There is nothing to answer again; or the thread belongs to another assistant by now.
    NotInPlan, BudgetExhausted, RuleLimit
        The tenant's plan does not have the assistant or its model; or a budget or an access rule's limit is used up.
    KeyReused
        The idempotency key came with another request before.
    """
    run = get_run(caller.actor, run_id)
    thread = thread_for(caller, run.thread_id, to="CAN_CREATE_MESSAGE_FN")
    assistant_class, decision = assistant_of_run(caller, run)
    if idempotency is not None and (earlier := earlier_run(idempotency)) is not None:
        return earlier
    question = _question_of(run, thread)
    asking.send(sender=None, actor=caller.actor)
    assistant = assistant_class(user=caller.user, request=caller.request, actor=caller.actor)
    again = new_run(assistant, thread, caller.actor, decision)
    again.question, again.replaces = question, run
    again.receipt["assistant"] = {**run.receipt.get("assistant", {}), **again.receipt["assistant"]}
    return _stored(again, question, assistant, caller, decision, idempotency)


def _question_of(run: Run, thread: Thread) -> Message:
    """The question, where it may be answered again. Raises what says why not."""
    if run.status == Run.Status.WAITING:
        raise RunWaitingError(run_id=as_json_id(run.pk))
    if run.is_active:
        raise RunActiveError(run_id=as_json_id(run.pk))
    if thread.source == Thread.Source.COMPLETION:  # what was said before the question is not here
        raise ConversationElsewhere
    question = run.question
    if question is None:
        raise QuestionDeleted
    if thread.messages.filter(message__type="human", created_at__gt=question.created_at).exists():
        raise NotTheLastAnswer
    if question.answers.count() >= MOST_ANSWERS:
        raise TooManyAnswers
    return question


def _stored(
    run: Run,
    question: Message,
    assistant: AIAssistant,
    caller: Caller,
    decision: Decision,
    idempotency: Idempotency | None,
) -> Turn | EarlierRun:
    give_keys([run])
    lease, key = lease_for(run), key_row(run, idempotency)
    content = question.message["data"]["content"]
    budget = reservation_for(run, assistant, content, caller.actor, decision)
    try:
        before = store_another_run(run, question.created_at, lease, key, budget, earlier=MOST_MESSAGES)
    except (IntegrityError, TooMany) as error:
        same = earlier_run(idempotency) if idempotency is not None else None
        if same is not None:
            return same
        raise refusal(error, run.thread) from None
    return Turn(
        actor=caller.actor,
        run_id=run.pk,
        thread_id=run.thread_id,
        assistant=assistant,
        question=content,
        question_id=question.pk,
        asked=message_as_json(question),
        history=recent((messages_from_dict([message])[0] for message in before), max_history_tokens()),
        replaces=run.replaces_id,
        receipt=run.receipt,
    )
