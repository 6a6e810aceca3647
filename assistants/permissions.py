"""May they? Each question, and the function that answers it: the one that ``AI_ASSISTANT_CAN_...`` names.

A project's own function gets what it has parameters for, by name: ``user`` and ``request`` always, and ``thread``,
``message`` or ``assistant_cls`` where the question is about one. Atrium's own answers are in ``assistants/policies.py``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

from assistants.assistants import AIAssistant
from assistants.callers import Caller
from assistants.conf import Permission, PermissionName, permission
from assistants.exceptions import AIUserNotAllowedError
from assistants.models import Message, Thread
from assistants.policies import may_run_assistant
from tenants.actors import Actor
from tenants.rules.decide import Decision
from tenants.rules.store import decide_use, usable

FACTS: Mapping[PermissionName, tuple[str, ...]] = {
    "CAN_CREATE_THREAD_FN": ("user", "request"),
    "CAN_VIEW_THREAD_FN": ("thread", "user", "request"),
    "CAN_UPDATE_THREAD_FN": ("thread", "user", "request"),
    "CAN_DELETE_THREAD_FN": ("thread", "user", "request"),
    "CAN_CREATE_MESSAGE_FN": ("message", "thread", "user", "request"),
    "CAN_UPDATE_MESSAGE_FN": ("message", "thread", "user", "request"),
    "CAN_DELETE_MESSAGE_FN": ("message", "thread", "user", "request"),
    "CAN_RUN_ASSISTANT": ("assistant_cls", "user", "request"),
}
"""What a function may have as parameters. ``message`` is None where a message is about to be made."""


# -- the eight questions


def can_create_thread(user: Any, request: HttpRequest | None = None) -> bool:
    """May the user begin a thread?"""
    return _ask("CAN_CREATE_THREAD_FN", user=user, request=request)


def can_view_thread(thread: Thread, user: Any, request: HttpRequest | None = None) -> bool:
    """May the user see the thread and what was said in it?"""
    return _ask("CAN_VIEW_THREAD_FN", thread=thread, user=user, request=request)


def can_update_thread(thread: Thread, user: Any, request: HttpRequest | None = None) -> bool:
    """May the user rename the thread, or bind it to another assistant?"""
    return _ask("CAN_UPDATE_THREAD_FN", thread=thread, user=user, request=request)


def can_delete_thread(thread: Thread, user: Any, request: HttpRequest | None = None) -> bool:
    """May the user delete the thread with all that is in it?"""
    return _ask("CAN_DELETE_THREAD_FN", thread=thread, user=user, request=request)


def can_create_message(thread: Thread, user: Any, request: HttpRequest | None = None) -> bool:
    """May the user say something in the thread?"""
    return _ask("CAN_CREATE_MESSAGE_FN", message=None, thread=thread, user=user, request=request)


def can_update_message(message: Message, thread: Thread, user: Any, request: HttpRequest | None = None) -> bool:
    """May the user change the message?"""
    return _ask("CAN_UPDATE_MESSAGE_FN", message=message, thread=thread, user=user, request=request)


def can_delete_message(message: Message, user: Any, request: HttpRequest | None = None) -> bool:
    """May the user delete the message?"""
    return _ask("CAN_DELETE_MESSAGE_FN", message=message, thread=message.thread, user=user, request=request)


def can_run_assistant(assistant_cls: type[AIAssistant], user: Any, request: HttpRequest | None = None) -> bool:
    """May the user see the assistant and run it?"""
    return _ask("CAN_RUN_ASSISTANT", assistant_cls=assistant_cls, user=user, request=request)


# -- answers for projects that want them instead of Atrium's


def allow_all(**facts: Any) -> bool:
    """Yes, to everybody."""
    return True


def owns_thread(
    thread: Thread | None = None, user: Any = None, request: HttpRequest | None = None, message: Message | None = None
) -> bool:
    """Yes, to the member who began the thread; without a thread, the one that ``message`` is in."""
    thread = thread or (message.thread if message else None)
    return thread is not None and thread.created_by_id is not None and thread.created_by_id == getattr(user, "pk", None)


# -- the same questions for whoever calls Atrium's own use cases


def check_may_run(who: Actor | Caller, assistant_id: str) -> Decision:
    """The decision that lets them run the assistant; it names the access rule, if a rule made it.

    Raises ``AIAssistantNotDefinedError``, or ``AIUserNotAllowedError``.
    """
    caller, assistant = Caller.of(who), AIAssistant.get_cls(assistant_id)
    if permission("CAN_RUN_ASSISTANT") is may_run_assistant:
        decision = decide_use(caller.actor, assistant_id)
    else:
        decision = Decision(can_run_assistant(assistant, caller.user, caller.request), rule_id=None)
    if not decision.allowed:
        raise AIUserNotAllowedError("You are not allowed to use this assistant.", code="assistant_not_allowed")
    return decision


def visible_assistants(who: Actor | Caller) -> list[type[AIAssistant]]:
    """The assistants that they may see and run, by name."""
    caller, registry = Caller.of(who), AIAssistant.get_cls_registry()
    if permission("CAN_RUN_ASSISTANT") is may_run_assistant:
        allowed = usable(caller.actor, registry)  # one read of the rules for all
    else:
        allowed = {id for id, cls in registry.items() if can_run_assistant(cls, caller.user, caller.request)}
    return sorted((registry[id] for id in allowed), key=lambda cls: (cls.name, cls.id))


# -- asking


def misfit(name: PermissionName) -> str:
    """What is wrong with the signature of the function that is to answer; "" where nothing is."""
    function = permission(name)
    if inspect.iscoroutinefunction(function):
        return "is asynchronous, and would be taken for a yes"
    try:
        inspect.signature(function).bind(**_accepted(function, dict.fromkeys(FACTS[name])))
    except TypeError as error:
        return f"cannot be called with {', '.join(FACTS[name])}: {error}"
    except ValueError:  # written in C: it has no signature to look at
        return ""
    return ""


def _ask(name: PermissionName, **facts: Any) -> bool:
    function = permission(name)
    answer = function(**_accepted(function, facts))
    if inspect.isawaitable(answer):  # an awaitable is true, whatever it would have said
        getattr(answer, "close", bool)()
        raise ImproperlyConfigured(f"AI_ASSISTANT_{name}: {function!r} must answer True or False, not asynchronously.")
    return bool(answer)


def _accepted(function: Permission, facts: Mapping[str, Any]) -> dict[str, Any]:
    wanted = _parameters(function)
    return {name: value for name, value in facts.items() if wanted is None or name in wanted}


@lru_cache(maxsize=64)
def _parameters(function: Callable[..., Any]) -> frozenset[str] | None:
    """The names by which the function takes arguments; None for any."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:
        return None
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return frozenset(parameter.name for parameter in parameters if parameter.kind is not parameter.POSITIONAL_ONLY)
