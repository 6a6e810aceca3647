"""Why is something allowed, or not? Each rule of the tenant, and what it had to say. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tenants.actors import Actor
from tenants.models import AccessRule
from tenants.rules.actions import CREATE_MESSAGE, CREATE_THREAD, RUN, SEE, USE_TOOL
from tenants.rules.decide import NOBODY_ALLOWED, Decision, Rule
from tenants.rules.plan import PlanBounds
from tenants.rules.rule_set import RuleSet
from tenants.rules.store import as_rule
from tenants.rules.words import NO_NAMES, Names, action_in_words, limits_in_words, sentence, window_in_words

_NOT_REACHED = "Not allowed: this API key was made for other assistants, whatever the rules say."
_NOT_OF_THE_SITE = "Not allowed: visitors of this site reach its own assistant only, whatever the rules say."
_WITH_AN_ASSISTANT = (SEE, RUN, CREATE_THREAD, CREATE_MESSAGE, USE_TOOL)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about: an action, and on what. ``assistant_id`` and ``resource`` "" where none is concerned."""

    action: str
    assistant_id: str = ""
    resource: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule had to say. ``why_not`` says why it does not apply, and is empty where it does."""

    rule_id: int
    effect: str
    sentence: str
    note: str
    applies: bool
    decides: bool
    why_not: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The decision, in words too, and how each rule took part in it: those that apply come first."""

    actor: Actor
    question: Question
    decision: Decision
    summary: str
    verdicts: Sequence[Verdict]
    plan: PlanBounds

    @property
    def is_about_own(self) -> bool:
        """True where it is about conversations, of which everybody has only their own, whatever a rule allows."""
        return self.question.action.startswith(("thread.", "message."))


def explain(
    rows: Sequence[AccessRule],
    plan: PlanBounds,
    actor: Actor,
    question: Question,
    names: Names = NO_NAMES,
    at: datetime | None = None,
) -> Explanation:
    """Decide as always, and say why. ``rows`` are all rules of the tenant, the disabled ones too."""
    at = at or datetime.now(UTC)
    rules = [(row, as_rule(row)) for row in rows]
    asked = RuleSet((rule for row, rule in rules if row.enabled), plan)
    decision = asked.decide(actor, question.action, question.assistant_id, question.resource, at)
    unreached = is_out_of_reach(actor, question)
    if unreached:
        decision = NOBODY_ALLOWED
    verdicts = [_verdict(row, rule, actor, question, decision, names, at) for row, rule in rules]
    verdicts.sort(key=lambda verdict: (not verdict.decides, not verdict.applies))
    summary = _summary(actor, decision, verdicts)
    if unreached:
        summary = _NOT_OF_THE_SITE if actor.kind == "visitor" else _NOT_REACHED
    return Explanation(actor, question, decision, summary, verdicts, plan)


def is_out_of_reach(actor: Actor, question: Question) -> bool:
    """True where it is about an assistant for which the actor's key, or site, was not made: no rule changes that."""
    asked, about = question.action in _WITH_AN_ASSISTANT, question.assistant_id
    return asked and bool(about) and not actor.reaches(about)


def _verdict(
    row: AccessRule, rule: Rule, actor: Actor, question: Question, decision: Decision, names: Names, at: datetime
) -> Verdict:
    why_not = tuple(_why_not(row, rule, actor, question, names, at))
    return Verdict(
        rule_id=rule.id,
        effect=rule.effect,
        sentence=sentence(row.parts, names),
        note=row.note,
        applies=not why_not,
        decides=not why_not and rule.id == decision.rule_id,
        why_not=why_not,
    )


def _why_not(row: AccessRule, rule: Rule, actor: Actor, question: Question, names: Names, at: datetime) -> list[str]:
    reasons = []
    if not row.enabled:
        reasons.append("It is switched off.")
    if question.action not in rule.actions:
        reasons.append(f"It is about something else: {action_in_words(row.action).lower()}.")
    if rule.assistant_id and rule.assistant_id != question.assistant_id:
        named = names.assistants.get(rule.assistant_id, rule.assistant_id)
        reasons.append(f"It is about the assistant {named} only.")
    if rule.resource and rule.resource != question.resource:
        kind = "tool" if row.action == USE_TOOL else "collection"
        reasons.append(f"It is about the {kind} {names.collections.get(rule.resource, rule.resource)} only.")
    if not rule.names(actor):
        reasons.append(f"It is for {row.whom}.")
    if not rule.holds_at(at):
        reasons.append(f"It holds only{window_in_words(rule.starts_at, rule.ends_at)}.")
    return reasons


def _summary(actor: Actor, decision: Decision, verdicts: Sequence[Verdict]) -> str:
    deciding = next((verdict for verdict in verdicts if verdict.decides), None)
    if actor.kind == "system":
        return "Allowed: the system itself is asked for no rule."
    if decision.by_plan:
        return "Not allowed: the plan does not include this assistant. The operator of this deployment can change that."
    if deciding is None:
        return "Not allowed: no rule allows it."
    if not decision.allowed:
        return f"Not allowed by rule {deciding.rule_id}: {deciding.sentence}. A rule that denies beats any that allows."
    limits = limits_in_words(decision.limits)
    return f"Allowed by rule {deciding.rule_id}: {deciding.sentence}.{f' Together{limits}.' if limits else ''}"
