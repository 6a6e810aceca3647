"""Access rules explained, with the names that people know: of assistants and collections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assistants.assistants import AIAssistant
from assistants.conf import PermissionName, permission
from assistants.policies import ANSWERED_BY_RULES
from rag.models import Collection
from tenants.actors import Actor
from tenants.policies import may_manage_people
from tenants.rules import actions
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


@dataclass(frozen=True, slots=True)
class Explained:
    """What the rules say, and the project's own function that is asked in their place ("" where none is)."""

    by_rules: Explanation
    overridden_by: str


def explain_access(asking: Actor, about: str, question: Question) -> Explained:
    """May the actor that ``about`` names do this, and why? See ``tenants.use_cases.access.explain_access``.

    Raises ``AIAssistantNotDefinedError`` besides.
    """
    if question.assistant_id:
        AIAssistant.get_cls(question.assistant_id)
    names = known_names() if may_manage_people(asking) else NO_NAMES
    return Explained(explain_rules(asking, about, question, names), overriding(question.action))


def overriding(action: str) -> str:
    """The dotted name of a project's function that answers for the action in the rules' place; "" where none does."""
    name = _PERMISSIONS.get(action)
    if name is None or permission(name) in ANSWERED_BY_RULES:
        return ""
    function = permission(name)
    return f"{function.__module__}.{getattr(function, '__qualname__', function)}"


def known_names() -> Names:
    """The names of the assistants that are installed and of the tenant's collections."""
    collections = Collection.objects.order_by("name").values_list("pk", "name")
    return Names(assistant_names(), {str(pk): name for pk, name in collections})


def assistant_names() -> dict[str, str]:
    """Id -> name of the assistants that are installed, by name."""
    return {id: cls.name for id, cls in sorted(AIAssistant.get_cls_registry().items(), key=lambda pair: pair[1].name)}
