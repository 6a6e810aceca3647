"""A question's answers, kept in order: numbered, and one of them shown, when one comes or goes."""

from __future__ import annotations

from typing import Any

from assistants.models import Message, Run
from assistants.readable import READABLE
from assistants.runs.storage import show_answer
from assistants.runs.variants import Answers, StoredAnswer, arranged, shown_run


def stored_answers(question_id: Any) -> list[StoredAnswer]:
    """The runs that have stored something in answer to the question, oldest first. One query."""
    rows = (
        Message.objects.filter(run__question=question_id, run__question__isnull=False)
        .exclude(pk=question_id)
        .order_by("run__created_at", "run")
        .values_list("run", "run__status", "superseded", READABLE)
    )
    found: dict[Any, StoredAnswer] = {}
    for run_id, status, superseded, readable in rows:
        known = found.get(run_id)
        is_readable = readable or (known is not None and known.is_readable)
        found[run_id] = StoredAnswer(run_id, status == Run.Status.COMPLETED, is_readable, not superseded)
    return list(found.values())


def answers_with(question_id: Any, run_id: Any, replaces: Any, *, whole: bool, readable: bool) -> Answers:
    """A question's answers when this run's comes to them."""
    stored = stored_answers(question_id)
    others = [answer for answer in stored if answer.run_id != run_id]
    before = next((answer for answer in stored if answer.run_id == run_id), None)
    new = StoredAnswer(run_id, whole, readable or (before is not None and before.is_readable), is_shown=False)
    return arranged(question_id, [*others, new], shown_run(others, new, replaces))


def keep_the_whole_answer(run: Run) -> None:
    """Where the run was to replace an answer and ends without having done so: show that one again."""
    if run.replaces_id is None or run.question_id is None:
        return
    answers = answers_with(run.question_id, run.pk, run.replaces_id, whole=False, readable=False)
    show_answer(answers)


def renumber(question_id: Any) -> None:
    """Number the answers anew after one was deleted. None takes the place of one that was shown."""
    answers = stored_answers(question_id)
    if answers:
        shown = next((answer.run_id for answer in answers if answer.is_shown), None)
        show_answer(arranged(question_id, answers, shown))
