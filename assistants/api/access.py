"""Who may do what, explained over HTTP: parse, call, return."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from assistants.api.schemas import Sent
from assistants.use_cases.explain_access import Explained
from assistants.use_cases.explain_access import explain_access as explain
from tenants.api.auth import actor_of
from tenants.api.scopes import needs_scope
from tenants.database import in_database
from tenants.rules.explain import Question
from tenants.scopes import CHAT
from tenants.use_cases.access import FORMS, MYSELF

router = Router(tags=["access"])


class LimitsOut(Sent):
    """How much of it, for each actor. null is as much as one likes."""

    runs_per_minute: int | None
    tokens_per_day: int | None


class LimitingRule(LimitsOut):
    """A rule that allows it, so much of it."""

    rule_id: int


class AskedActor(Sent):
    """Whom the answer is about."""

    kind: str = Field(description="member, api_key, visitor or system")
    label: str
    roles: list[str] = Field(description="Roles and groups.")


class RuleVerdict(Sent):
    """A rule that was considered."""

    id: int
    effect: str = Field(description="allow or deny")
    sentence: str
    note: str = Field(description="Empty for those who do not manage rules.")
    applies: bool
    decides: bool = Field(description="True for the one rule that made the decision.")
    why_not: list[str] = Field(description="Why it does not apply; empty where it does.")


class PlanOut(Sent):
    """What the operator's plan lets the tenant have at all. null is everything."""

    name: str
    assistants: list[str] | None
    models: list[str] | None
    limits: dict[str, int | None] = Field(description="`members`, `documents`, `storage` (bytes), `tokens_a_month` ...")
    cost_a_month: str | None = Field(description="In US dollars, as text.")


class ExplanationOut(Sent):
    """Allowed or not, by which rule, and what the others had to say."""

    allowed: bool
    summary: str
    rule_id: int | None
    by_plan: bool = Field(description="True where the plan forbids it; then no rule was asked.")
    overridden_by: str = Field(description="A function of this deployment that is asked in the rules' place, if any.")
    actor: AskedActor
    action: str
    assistant: str
    resource: str
    limits: LimitsOut
    limited_by: list[LimitingRule] = Field(description="The rules that the limits come from.")
    rules: list[RuleVerdict]
    plan: PlanOut


About = Annotated[str, Query(description=FORMS, max_length=200)]
Action = Annotated[str, Query(description="assistant.run, thread.view, tool.use ...", max_length=40)]
AssistantId = Annotated[str, Query(description="The assistant concerned, if one is.", max_length=255)]
Resource = Annotated[str, Query(description="A tool's name or a collection's id.", max_length=255)]


@router.get("/access/explain", response=ExplanationOut, operation_id="explain_access", summary="Explain access")
@needs_scope(CHAT)
async def explain_access(
    request: HttpRequest,
    action: Action,
    actor: About = MYSELF,
    assistant: AssistantId = "",
    resource: Resource = "",
) -> dict[str, Any]:
    """Whether somebody may do something, and why. Owners and admins ask about everybody, others about themselves."""
    question = Question(action, assistant, resource)
    return _shown(await in_database(explain, actor_of(request), actor, question))


def _shown(explained: Explained) -> dict[str, Any]:
    said = explained.by_rules
    return {
        "allowed": said.decision.allowed,
        "summary": said.summary,
        "rule_id": said.decision.rule_id,
        "by_plan": said.decision.by_plan,
        "overridden_by": explained.overridden_by,
        "actor": {"kind": said.actor.kind, "label": said.actor.label, "roles": sorted(said.actor.roles)},
        "action": said.question.action,
        "assistant": said.question.assistant_id,
        "resource": said.question.resource,
        "limits": said.decision.limits,
        "limited_by": [
            {
                "rule_id": rule.id,
                "runs_per_minute": rule.limits.runs_per_minute,
                "tokens_per_day": rule.limits.tokens_per_day,
            }
            for rule in said.decision.limited_by
        ],
        "rules": [
            {
                "id": verdict.rule_id,
                "effect": verdict.effect,
                "sentence": verdict.sentence,
                "note": verdict.note,
                "applies": verdict.applies,
                "decides": verdict.decides,
                "why_not": list(verdict.why_not),
            }
            for verdict in said.verdicts
        ],
        "plan": {
            "name": said.plan.name,
            "assistants": None if said.plan.assistants is None else sorted(said.plan.assistants),
            "models": None if said.plan.models is None else sorted(said.plan.models),
            "limits": dict(said.plan.limits),
            "cost_a_month": None if said.plan.cost_a_month is None else str(said.plan.cost_a_month),
        },
    }
