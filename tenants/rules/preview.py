"""What a rule would change for whom, before it is saved. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tenants.actors import Actor
from tenants.rules.actions import ACTIONS, READ_COLLECTION, RUN, SEE, USE_TOOL
from tenants.rules.decide import Rule
from tenants.rules.explain import Question, is_out_of_reach
from tenants.rules.rule_set import RuleSet
from tenants.rules.words import NO_NAMES, Names


@dataclass(frozen=True, slots=True)
class Known:
    """What rules can be about: names by id, and each assistant's tools."""

    names: Names = NO_NAMES
    tools: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alike:
    """People whom no rule tells apart: one of them, and how all of them are called."""

    actor: Actor
    called: Sequence[str]


@dataclass(frozen=True, slots=True)
class Change:
    """Questions that are answered otherwise, for these people."""

    questions: Sequence[Question]
    gain: Sequence[str]
    lose: Sequence[str]


def changes(
    before: RuleSet, after: RuleSet, people: Sequence[Alike], questions: Iterable[Question], at: datetime
) -> list[Change]:
    """Who gains and who loses what when ``before`` becomes ``after``; questions with the same answer together."""
    found: dict[tuple[tuple[int, ...], tuple[int, ...]], list[Question]] = {}
    for question in questions:
        gain: list[int] = []
        lose: list[int] = []
        for number, alike in enumerate(people):
            now, then = (_allowed(rules, alike.actor, question, at) for rules in (before, after))
            if then is not now:
                (gain if then else lose).append(number)
        if gain or lose:
            found.setdefault((tuple(gain), tuple(lose)), []).append(question)
    return [Change(asked, _called(people, gain), _called(people, lose)) for (gain, lose), asked in found.items()]


def questions_about(rules: Iterable[Rule], known: Known) -> list[Question]:
    """What the rules can make a difference to."""
    found: dict[Question, None] = {}
    for rule in rules:
        for action in (each for each in ACTIONS if each in rule.actions):
            found |= dict.fromkeys(_questions(action, rule, known))
    return list(found)


def _questions(action: str, rule: Rule, known: Known) -> Iterator[Question]:
    assistants = [rule.assistant_id] if rule.assistant_id else list(known.names.assistants)
    if action in (SEE, RUN):
        yield from (Question(action, assistant) for assistant in assistants)
    elif action == USE_TOOL:
        for assistant in assistants:
            tools = [rule.resource] if rule.resource else known.tools.get(assistant, ())
            yield from (Question(action, assistant, tool) for tool in tools)
    elif action == READ_COLLECTION:
        collections = [rule.resource] if rule.resource else list(known.names.collections)
        yield from (Question(action, rule.assistant_id, collection) for collection in collections)
    else:
        yield from (Question(action, assistant) for assistant in ([] if rule.assistant_id else [""]) + assistants)


def _allowed(rules: RuleSet, actor: Actor, question: Question, at: datetime) -> bool:
    if is_out_of_reach(actor, question):
        return False
    return rules.decide(actor, question.action, question.assistant_id, question.resource, at).allowed


def _called(people: Sequence[Alike], numbers: Sequence[int]) -> list[str]:
    return sorted(name for number in numbers for name in people[number].called)
