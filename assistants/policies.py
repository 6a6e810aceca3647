"""Atrium's own answers to who may do what with assistants, threads and messages: what the settings name by default.

The tenant's access rules decide; threads, and what is in them, are a member's, an API key's or a visitor's own besides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import BigIntegerField, Q
from django.http import HttpRequest

from assistants.callers import Caller
from tenants.prepared import Given
from tenants.rules import actions
from tenants.rules.rule_set import Scope

if TYPE_CHECKING:
    from assistants.assistants import AIAssistant
    from assistants.models import Message, Thread

Request = HttpRequest | None


def may_run_assistant(
    assistant_cls: type[AIAssistant], user: Any, request: Request = None, caller: Caller | None = None
) -> bool:
    """True where an access rule allows it and none denies it."""
    return (caller or Caller(user, request)).decide(actions.RUN, assistant_cls.id).allowed


def may_create_thread(user: Any, request: Request = None, caller: Caller | None = None) -> bool:
    """True where an access rule allows to begin threads."""
    return (caller or Caller(user, request)).decide(actions.CREATE_THREAD).allowed


def may_view_thread(thread: Thread, user: Any, request: Request = None, caller: Caller | None = None) -> bool:
    """True where the thread is the caller's own and an access rule allows to open it."""
    return _may(actions.VIEW_THREAD, thread, caller or Caller(user, request))


def may_update_thread(thread: Thread, user: Any, request: Request = None, caller: Caller | None = None) -> bool:
    """True where the thread is the caller's own and an access rule allows to rename it."""
    return _may(actions.CHANGE_THREAD, thread, caller or Caller(user, request))


def may_delete_thread(thread: Thread, user: Any, request: Request = None, caller: Caller | None = None) -> bool:
    """True where the thread is the caller's own and an access rule allows to delete it."""
    return _may(actions.DELETE_THREAD, thread, caller or Caller(user, request))


def may_create_message(thread: Thread, user: Any, request: Request = None, caller: Caller | None = None) -> bool:
    """True where the thread is the caller's own and an access rule allows to write messages."""
    return _may(actions.CREATE_MESSAGE, thread, caller or Caller(user, request))


def may_update_message(
    message: Message, thread: Thread, user: Any, request: Request = None, caller: Caller | None = None
) -> bool:
    """True where the message's thread is the caller's own and an access rule allows to change messages."""
    return _may(actions.CHANGE_MESSAGE, thread, caller or Caller(user, request))


def may_delete_message(
    message: Message, thread: Thread, user: Any, request: Request = None, caller: Caller | None = None
) -> bool:
    """True where the message's thread is the caller's own and an access rule allows to delete messages."""
    return _may(actions.DELETE_MESSAGE, thread, caller or Caller(user, request))


def _may(action: str, thread: Thread, caller: Caller) -> bool:
    return is_own(thread, caller) and caller.decide(action, thread.assistant_id).allowed


# -- whose a thread is


def may_use_thread(thread: Thread, user: Any, request: Request = None, caller: Caller | None = None) -> bool:
    """True where the thread is the caller's own. For projects: the access rules are not asked."""
    return is_own(thread, caller or Caller(user, request))


def is_own(thread: Thread, caller: Caller) -> bool:
    """True where the thread is the caller's own. A key that acts for a member owns what the member owns."""
    if caller.user_id is not None:
        return thread.created_by_id == caller.user_id
    if caller.visitor_id is not None:
        return thread.visitor_id == caller.visitor_id
    return caller.api_key_id is not None and (thread.created_by_id, thread.api_key_id) == (None, caller.api_key_id)


def own_threads(caller: Caller) -> Q:
    """``is_own`` as a condition on threads."""
    if caller.user_id is not None:
        return Q(created_by_id=caller.user_id)
    if caller.visitor_id is not None:
        return Q(visitor_id=caller.visitor_id)
    if caller.api_key_id is not None:
        return Q(created_by_id=None, api_key_id=caller.api_key_id)
    return Q(pk__in=[])


# ``own_threads`` for prepared queries, which are asked with ``owner(caller)``.
OWN_THREADS = (
    Q(created_by_id=Given("member", BigIntegerField()))
    | Q(created_by_id=None, api_key_id=Given("api_key", BigIntegerField()))
    | Q(visitor_id=Given("visitor", BigIntegerField()))
)


def owner(caller: Caller) -> dict[str, Any]:
    """The values in ``OWN_THREADS``. A key that acts for a member owns what the member owns; nobody owns nothing."""
    member, visitor = caller.user_id, caller.visitor_id
    if member is not None:
        return {"member": member, "api_key": None, "visitor": None}
    return {"member": None, "api_key": caller.api_key_id if visitor is None else None, "visitor": visitor}


# -- the rules as a condition


def viewable_by_rules(caller: Caller) -> Scope:
    """The assistants whose threads the rules let the caller open; a thread of no assistant is one of the others."""
    return caller.rules.scope(caller.actor, actions.VIEW_THREAD, over="assistant_id")


def viewable_threads(caller: Caller) -> Q:
    """``may_view_thread`` as a condition on threads."""
    scope = viewable_by_rules(caller)
    if scope.is_all:
        return own_threads(caller)
    of_exceptions = Q(assistant_id__in=scope.exceptions)
    return own_threads(caller) & (~of_exceptions if scope.others_allowed else of_exceptions)


ANSWERED_BY_RULES = frozenset(
    {
        may_run_assistant,
        may_create_thread,
        may_view_thread,
        may_update_thread,
        may_delete_thread,
        may_create_message,
        may_update_message,
        may_delete_message,
    }
)
"""The functions that ask the access rules."""
