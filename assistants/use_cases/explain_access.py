"""Access rules explained, with the names that people know: of assistants and collections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from assistants.conf import PermissionName, permission
from assistants.policies import ANSWERED_BY_RULES
from assistants.runs.reservation import model_of
from assistants.tenant_assistants import assistants_here, names_here
from rag.models import Collection
from tenants.actors import Actor
from tenants.policies import may_manage_people
from tenants.rules import actions
from tenants.rules.decide import NOBODY_ALLOWED, NOT_IN_PLAN, Decision
from tenants.rules.explain import Explanation, Question
from tenants.rules.words import NO_NAMES, Names
from tenants.use_cases.access import explain_access as explain_rules

_PERMISSIONS: Mapping[str, PermissionName] = {
    actions.SEE: "CAN_RUN_ASSISTANT",
    actions.RUN: "CAN_RUN_ASSISTANT",
    actions.CREATE_THREAD: "CAN_CREATE_THREAD_FN",
    actions.VIEW_THREAD: "CAN_VIEW_THREAD_FN",
    actions.CHANGE_THREAD: "CAN_UPDATE_THREAD_FN",
    actions.DELETE_THREAD: "CAN_DELETE_THREAD_FN",
    actions.CREATE_MESSAGE: "CAN_CREATE_MESSAGE_FN",
    actions.CHANGE_MESSAGE: "CAN_UPDATE_MESSAGE_FN",
    actions.DELETE_MESSAGE: "CAN_DELETE_MESSAGE_FN",
}
"""Action -> the setting whose function is asked."""

OF_AN_ENABLED = (actions.SEE, actions.RUN, actions.CREATE_THREAD, actions.USE_TOOL)
"""What nobody does with an assistant that is switched off."""
MODEL_NOT_IN_PLAN = (
    "Not allowed: the plan does not include this assistant's model. The operator of this deployment can change that."
)
DISABLED = "Not allowed: this assistant is disabled. Owners and admins can enable it in the console."


@dataclass(frozen=True, slots=True)
class Explained:
    """What the rules say, and the project's own function that is asked in their place ("" where none is)."""

    by_rules: Explanation
    overridden_by: str


def explain_access(asking: Actor, about: str, question: Question) -> Explained:
    """May the actor that ``about`` names do this, and why? See ``tenants.use_cases.access.explain_access``.

    Raises ``AIAssistantNotDefinedError`` besides.
    """
    here, manages = assistants_here(), may_manage_people(asking)
    if question.assistant_id and (not manages or here.find(question.assistant_id) is None):
        here.get(question.assistant_id)  # who does not manage assistants is not to know of disabled ones
    names = known_names() if manages else NO_NAMES
    explanation = explain_rules(asking, about, question, names)
    if question.action in OF_AN_ENABLED and here.is_disabled(question.assistant_id):
        explanation = _overruled(explanation, NOBODY_ALLOWED, DISABLED)
    if explanation.decision.allowed and _is_of_another_model(explanation):
        explanation = _overruled(explanation, NOT_IN_PLAN, MODEL_NOT_IN_PLAN)
    return Explained(explanation, overriding(question.action))


def _is_of_another_model(explanation: Explanation) -> bool:
    """True where the assistant's runs are refused as the plan does not have its model."""
    question, models = explanation.question, explanation.plan.models
    assistant = assistants_here().find(question.assistant_id) if question.action == actions.RUN and models else None
    return assistant is not None and model_of(assistant(actor=explanation.actor)) not in (models or ())


def _overruled(explanation: Explanation, decision: Decision, summary: str) -> Explanation:
    """What the rules say counts for nothing."""
    verdicts = [replace(verdict, decides=False) for verdict in explanation.verdicts]
    return replace(explanation, decision=decision, summary=summary, verdicts=verdicts)


def overriding(action: str) -> str:
    """The dotted name of a project's function that answers for the action in the rules' place; "" where none does."""
    name = _PERMISSIONS.get(action)
    if name is None or permission(name) in ANSWERED_BY_RULES:
        return ""
    function = permission(name)
    return f"{function.__module__}.{getattr(function, '__qualname__', function)}"


def known_names() -> Names:
    """The names of the tenant's assistants and of its collections."""
    collections = Collection.objects.order_by("name").values_list("pk", "name")
    return Names(names_here(), {str(pk): name for pk, name in collections})
