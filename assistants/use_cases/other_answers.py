"""The answers to one question: listed, and chosen from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from assistants.access import thread_for
from assistants.callers import Caller
from assistants.exceptions import RunActiveError
from assistants.models import Message, Run, Thread
from assistants.readable import READABLE
from assistants.runs.storage import show_answer
from assistants.runs.turns import as_json_id
from assistants.runs.variants import arranged
from assistants.use_cases.arrange_answers import stored_answers
from assistants.use_cases.runs import get_run
from tenants.errors import Conflict


class NothingToShow(Conflict):
    """This run has said nothing that could be shown."""

    code = "nothing_to_show"


@dataclass(frozen=True, slots=True)
class OtherAnswer:
    """A run that answered a question, its messages that people read, and whether they are the ones shown."""

    run: Run
    is_shown: bool
    messages: Sequence[Message]


def list_answers(caller: Caller, run_id: Any) -> list[OtherAnswer]:
    """All runs that answered the question of this one, oldest first. Raises ``RunNotFound``, ``ThreadNotFound``."""
    run = get_run(caller.actor, run_id)
    thread_for(caller, run.thread_id)
    runs = _runs_of(run)
    question_id: Any = run.question_id
    said = Message.objects.filter(READABLE, run__in=runs).exclude(pk=question_id).order_by("created_at", "pk")
    by_run: dict[Any, list[Message]] = {each.pk: [] for each in runs}
    for message in said:
        by_run[message.run_id].append(message)
    return [OtherAnswer(each, _is_shown(by_run[each.pk]), by_run[each.pk]) for each in runs]


def show(caller: Caller, run_id: Any) -> None:
    """Show this run's answer to its question from now on: to people, and to the model as what was said before.

    Raises ``RunNotFound``, ``ThreadNotFound``, ``AIUserNotAllowedError``, ``RunActiveError`` while an answer is being
    written in the thread, and ``NothingToShow``.
    """
    run = get_run(caller.actor, run_id)
    thread_for(caller, run.thread_id, to="CAN_CREATE_MESSAGE_FN")
    with transaction.atomic():
        # Whoever begins a run writes to the thread's row: it comes before this, and is seen, or waits.
        Thread.objects.select_for_update().get(pk=run.thread_id)
        active = Run.objects.filter(thread=run.thread_id, status__in=Run.ACTIVE).values_list("pk", flat=True).first()
        if active is not None:
            raise RunActiveError(run_id=as_json_id(active))
        answers = stored_answers(run.question_id)
        if not any(answer.run_id == run.pk and answer.is_readable for answer in answers):
            if run.question_id is None and Message.objects.filter(READABLE, run=run).exists():
                return  # its question was deleted: it is the only answer, and shown
            raise NothingToShow
        show_answer(arranged(run.question_id, answers, run.pk))


def _runs_of(run: Run) -> list[Run]:
    if run.question_id is None:
        return [run]
    return list(Run.objects.filter(question=run.question_id).order_by("created_at", "pk"))


def _is_shown(messages: Sequence[Message]) -> bool:
    return any(not message.superseded for message in messages)
