"""What a draft of a rule would change, in lines for the console."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tenants.rules.actions import ACTIONS, READ_COLLECTION, USE_TOOL
from tenants.rules.explain import Question
from tenants.rules.preview import Change, Known

NAMED = 12  # people who are named in a line; the others are counted


@dataclass(frozen=True, slots=True)
class ShownPeople:
    """Some names, and how many more there are."""

    count: int
    named: Sequence[str]

    @property
    def more(self) -> int:
        """Those who are not named."""
        return self.count - len(self.named)


@dataclass(frozen=True, slots=True)
class ShownChange:
    """Actions, on what, and for whom they become possible or impossible."""

    actions: Sequence[str]
    subjects: str
    gain: ShownPeople
    lose: ShownPeople


def shown_changes(changes: Sequence[Change], known: Known) -> list[ShownChange]:
    """A line for each change and each set of assistants, tools or collections; the actions on the same together."""
    lines: dict[tuple[int, str], list[str]] = {}
    for number, change in enumerate(changes):
        by_action: dict[str, list[Question]] = {}
        for question in change.questions:
            by_action.setdefault(question.action, []).append(question)
        for action, questions in by_action.items():
            lines.setdefault((number, _subjects(action, questions, known)), []).append(ACTIONS[action])
    return [
        ShownChange(actions, subjects, _people(changes[number].gain), _people(changes[number].lose))
        for (number, subjects), actions in lines.items()
    ]


def _people(called: Sequence[str]) -> ShownPeople:
    return ShownPeople(len(called), called[:NAMED])


def _subjects(action: str, questions: Sequence[Question], known: Known) -> str:
    """ "Docs, Help", "all assistants", "send_mail of Docs" ..."""
    names = known.names
    assistants = {question.assistant_id for question in questions} - {""}
    if action == READ_COLLECTION:
        collections = {names.collections.get(question.resource, question.resource) for question in questions}
        is_all = len(collections) == len(names.collections) > 1
        return "all collections" if is_all else ", ".join(sorted(collections))
    if action == USE_TOOL:
        tools = sorted({question.resource for question in questions})
        return ", ".join(tools)
    if assistants and assistants >= set(names.assistants) and len(assistants) > 1:
        return "all assistants"
    return ", ".join(sorted(names.assistants.get(each, each) for each in assistants)) or "with any assistant"
