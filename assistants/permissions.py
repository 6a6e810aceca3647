"""May they? Each question, and the function that answers it: the one that ``AI_ASSISTANT_CAN_...`` names.

A project's own function gets what it has parameters for, by name: ``user`` and ``request``; ``thread``, ``message`` or
``assistant_cls`` where the question is about one; ``caller`` (``assistants/callers.py``) where it wants to know more,
such as the API key that acts. Atrium's own answers are in ``assistants/policies.py``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from inspect import Parameter
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from langchain_core.tools import BaseTool

from assistants.assistants import AIAssistant
from assistants.callers import Caller
from assistants.conf import PermissionName, permission
from assistants.exceptions import AIUserNotAllowedError
from assistants.models import Message, Thread
from assistants.policies import may_create_thread, may_run_assistant
from tenants.actors import Actor
from tenants.budgets.plans import in_plan
from tenants.rules.actions import CREATE_THREAD, RUN, SEE, USE_TOOL
from tenants.rules.book import rule_book
from tenants.rules.decide import Decision

FACTS: Mapping[PermissionName, tuple[str, ...]] = {
    "CAN_CREATE_THREAD_FN": (),
    "CAN_VIEW_THREAD_FN": ("thread",),
    "CAN_UPDATE_THREAD_FN": ("thread",),
    "CAN_DELETE_THREAD_FN": ("thread",),
    "CAN_CREATE_MESSAGE_FN": ("message", "thread"),
    "CAN_UPDATE_MESSAGE_FN": ("message", "thread"),
    "CAN_DELETE_MESSAGE_FN": ("message", "thread"),
    "CAN_RUN_ASSISTANT": ("assistant_cls",),
}
"""What a function may take beside ``user``, ``request`` and ``caller``. ``message`` is None where one is to be made."""


# -- the eight questions


def can_create_thread(user: Any, request: HttpRequest | None = None) -> bool:
    """May the user begin a thread?"""
    return is_allowed(Caller(user, request), "CAN_CREATE_THREAD_FN")


def can_view_thread(thread: Thread, user: Any, request: HttpRequest | None = None) -> bool:
    """May the user see the thread and what was said in it?"""
    return is_allowed(Caller(user, request), "CAN_VIEW_THREAD_FN", thread=thread)


def can_update_thread(thread: Thread, user: Any, request: HttpRequest | None = None) -> bool:
    """May the user rename the thread, or bind it to another assistant?"""
    return is_allowed(Caller(user, request), "CAN_UPDATE_THREAD_FN", thread=thread)


def can_delete_thread(thread: Thread, user: Any, request: HttpRequest | None = None) -> bool:
    """May the user delete the thread with all that is in it?"""
    return is_allowed(Caller(user, request), "CAN_DELETE_THREAD_FN", thread=thread)


def can_create_message(thread: Thread, user: Any, request: HttpRequest | None = None) -> bool:
    """May the user say something in the thread?"""
    return is_allowed(Caller(user, request), "CAN_CREATE_MESSAGE_FN", thread=thread, message=None)


def can_update_message(message: Message, thread: Thread, user: Any, request: HttpRequest | None = None) -> bool:
    """May the user change the message?"""
    return is_allowed(Caller(user, request), "CAN_UPDATE_MESSAGE_FN", thread=thread, message=message)


def can_delete_message(message: Message, user: Any, request: HttpRequest | None = None) -> bool:
    """May the user delete the message?"""
    return is_allowed(Caller(user, request), "CAN_DELETE_MESSAGE_FN", thread=message.thread, message=message)


def can_run_assistant(assistant_cls: type[AIAssistant], user: Any, request: HttpRequest | None = None) -> bool:
    """May the user see the assistant and run it?"""
    return is_allowed(Caller(user, request), "CAN_RUN_ASSISTANT", assistant_cls=assistant_cls)


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


# -- the same questions for Atrium's own use cases


def check_may_run(who: Actor | Caller, assistant_id: str) -> Decision:
    """The decision that lets the caller run the assistant; it names the access rule, if a rule made it.

    Raises ``AIAssistantNotDefinedError``, or ``AIUserNotAllowedError``.
    """
    return _check_assistant(Caller.of(who), assistant_id, RUN)


def check_may_see(who: Actor | Caller, assistant_id: str) -> Decision:
    """The decision that lets the caller see the assistant. Raises what ``check_may_run`` raises."""
    return _check_assistant(Caller.of(who), assistant_id, SEE)


def _check_assistant(caller: Caller, assistant_id: str, action: str) -> Decision:
    assistant = caller.assistants.get(assistant_id)
    if not caller.reaches(assistant_id):
        raise AIUserNotAllowedError("You are not allowed to use this assistant.", code="assistant_not_allowed")
    if permission("CAN_RUN_ASSISTANT") is may_run_assistant:
        decision = caller.decide(action, assistant_id)
    else:
        decision = Decision(is_allowed(caller, "CAN_RUN_ASSISTANT", assistant_cls=assistant), rule_id=None)
    if not decision.allowed:
        raise AIUserNotAllowedError("You are not allowed to use this assistant.", code="assistant_not_allowed")
    return decision


def check_may_create_thread(caller: Caller, assistant_id: str) -> None:
    """Raises ``AIUserNotAllowedError`` where the caller may not begin a thread with this assistant; "" is none."""
    if permission("CAN_CREATE_THREAD_FN") is not may_create_thread:
        check_allowed(caller, "CAN_CREATE_THREAD_FN")
    elif not caller.decide(CREATE_THREAD, assistant_id).allowed:
        raise AIUserNotAllowedError("You are not allowed to begin a conversation here.")


def visible_assistants(who: Actor | Caller) -> list[type[AIAssistant]]:
    """The assistants that the caller may see, by name."""
    caller = Caller.of(who)
    registry = caller.assistants.enabled()
    if permission("CAN_RUN_ASSISTANT") is may_run_assistant:
        allowed = {id for id in registry if caller.decide(SEE, id).allowed}
    else:
        allowed = {id for id, cls in registry.items() if is_allowed(caller, "CAN_RUN_ASSISTANT", assistant_cls=cls)}
    return sorted((registry[id] for id in in_plan(allowed) if caller.reaches(id)), key=lambda cls: (cls.name, cls.id))


async def permitted_tools(assistant: AIAssistant, tools: Sequence[BaseTool]) -> list[BaseTool]:
    """Those of the assistant's tools that it may use for the one who asks: the model is not told of the others."""
    actor = assistant.get_actor()
    if not tools or actor.kind == "system":
        return list(tools)
    rules = await rule_book.arules()
    return [tool for tool in tools if rules.decide(actor, USE_TOOL, assistant.id, tool.name).allowed]


def check_allowed(caller: Caller, name: PermissionName, **facts: Any) -> None:
    """Raises ``AIUserNotAllowedError`` unless the configured function says yes."""
    if not is_allowed(caller, name, **facts):
        raise AIUserNotAllowedError("You are not allowed to do this.")


def is_allowed(caller: Caller, name: PermissionName, **facts: Any) -> bool:
    """The answer of the configured function. ``facts`` are those of ``FACTS``."""
    if name == "CAN_RUN_ASSISTANT" and not caller.reaches(facts["assistant_cls"].id):
        return False
    function = permission(name)
    wanted = _parameters(function)
    arguments: dict[str, Any] = {fact: value for fact, value in facts.items() if fact in wanted}
    if "user" in wanted:
        arguments["user"] = caller.user
    if "request" in wanted:
        arguments["request"] = caller.request
    if "caller" in wanted:
        arguments["caller"] = caller
    answer = function(**arguments)
    if inspect.isawaitable(answer):  # an awaitable is true, whatever it would have said
        getattr(answer, "close", bool)()
        raise ImproperlyConfigured(f"AI_ASSISTANT_{name}: {function!r} must answer at once, not asynchronously.")
    return bool(answer)


# -- signatures


def misfit(name: PermissionName) -> str:
    """What is wrong with the signature of the function that is to answer; "" where nothing is."""
    function = permission(name)
    if inspect.iscoroutinefunction(function):
        return "is asynchronous; a permission function must answer at once"
    offered = {"user", "request", "caller", *FACTS[name]}
    needed = {
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is Parameter.empty and parameter.kind not in _ANY_NUMBER
    }
    missing = ", ".join(sorted(needed - (offered & _parameters(function))))
    return f"asks for {missing}; it gets {', '.join(sorted(offered))}, by name" if missing else ""


_ANY_NUMBER = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
_BY_NAME = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)


@lru_cache(maxsize=64)
def _parameters(function: Callable[..., Any]) -> frozenset[str]:
    """Those facts that the function takes by name."""
    parameters = inspect.signature(function).parameters.values()
    if any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters):
        return frozenset({"user", "request", "caller", "thread", "message", "assistant_cls"})
    return frozenset(parameter.name for parameter in parameters if parameter.kind in _BY_NAME)
