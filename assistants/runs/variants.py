"""The answers to one question, and which of them is shown. Pure.

An answer is what one run has stored. A question has several where somebody asked for another one; all are kept, one is
shown and goes back to the model with the next question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What one run has stored: whole (the run has completed), readable (there is text for a person), shown."""

    run_id: Any
    is_whole: bool
    is_readable: bool
    is_shown: bool


@dataclass(frozen=True, slots=True)
class Answers:
    """A question's answers as they are to be: ``runs`` in their order, the ``readable`` ones numbered from 1."""

    question_id: Any
    runs: Sequence[Any]
    readable: Sequence[Any]
    shown: Any

    @property
    def total(self) -> int:
        """How many answers a person can choose from."""
        return max(1, len(self.readable))

    def number_of(self, run_id: Any) -> int:
        """The number of a run's answer. One that nobody can read has its place before the next that somebody can."""
        before = self.runs[: self.runs.index(run_id)]
        return min(self.total, 1 + sum(each in self.readable for each in before))


def arranged(question_id: Any, answers: Sequence[StoredAnswer], shown: Any) -> Answers:
    """The answers, oldest first, with the one of the run ``shown`` in front."""
    readable = [answer.run_id for answer in answers if answer.is_readable]
    return Answers(question_id, [answer.run_id for answer in answers], readable, shown)


def shown_run(answers: Sequence[StoredAnswer], new: StoredAnswer, replaces: Any) -> Any:
    """Whose answer is shown once the run of ``new`` has stored what it has; ``answers`` are those of other runs.

    The new one, unless it is cut short and a whole one is there: then that which was shown, or was to be replaced.
    """
    whole = [answer for answer in answers if answer.is_whole and answer.is_readable]
    if new.is_whole or not whole:
        readable = new.is_readable or not any(answer.is_readable for answer in answers)
        return new.run_id if readable else _first_choice(answers, replaces)
    return _first_choice(whole, replaces)


def _first_choice(answers: Sequence[StoredAnswer], replaces: Any) -> Any:
    """The one that is shown, else the one that was to be replaced, else the newest that can be read, if whole."""

    def rank(place: int) -> tuple[bool, bool, bool, bool, int]:
        answer = answers[place]
        return answer.is_shown, answer.run_id == replaces, answer.is_readable, answer.is_whole, place

    return answers[max(range(len(answers)), key=rank)].run_id
