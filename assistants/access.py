"""Rows fetched for a caller. Unknown and forbidden look alike: not found.

Where the configured permission function is one of those known here, it is asked in SQL, as a condition; a project's
own function is asked row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

from assistants import permissions
from assistants.callers import Caller
from assistants.conf import Permission, PermissionName, permission
from assistants.exceptions import AIUserNotAllowedError
from assistants.models import Message, Thread
from assistants.policies import may_use_thread, own_threads
from tenants.actors import Actor
from tenants.errors import NotFound

_IN_SQL: Mapping[Permission, Callable[[Caller], Q]] = {
    may_use_thread: own_threads,
    permissions.owns_thread: lambda caller: Q(created_by_id=caller.user_id, created_by__isnull=False),
    permissions.allow_all: lambda caller: Q(),
}


class ThreadNotFound(NotFound):
    """There is no such thread."""

    code = "thread_not_found"


class MessageNotFound(NotFound):
    """There is no such message in this thread."""

    code = "message_not_found"


def threads_of(who: Actor | Caller) -> QuerySet[Thread]:
    """The threads that belong to the caller: a member's own, or an API key's own."""
    return Thread.objects.filter(own_threads(Caller.of(who)))


def thread_for(who: Actor | Caller, thread_id: Any, to: PermissionName = "CAN_VIEW_THREAD_FN") -> Thread:
    """The thread with this id, in whatever form it was sent, if the caller may see it and do ``to`` with it.

    One query while Atrium's own permission functions are in force. Raises ``ThreadNotFound``, or
    ``AIUserNotAllowedError`` for what the caller may see but not do.
    """
    caller = Caller.of(who)
    rows = Thread.objects.filter(pk=key_of(Thread, thread_id, ThreadNotFound))
    condition = viewable(caller)
    thread = (rows.select_related("created_by") if condition is None else rows.filter(condition)).first()
    if thread is None or (condition is None and not may(caller, "CAN_VIEW_THREAD_FN", thread)):
        raise ThreadNotFound
    if permission(to) is not permission("CAN_VIEW_THREAD_FN") and not may(caller, to, thread):
        raise AIUserNotAllowedError("You are not allowed to do this with this thread.")
    return thread


def message_for(who: Actor | Caller, thread_id: Any, message_id: Any) -> Message:
    """The message, if the caller may see its thread and delete it.

    Raises ``ThreadNotFound``, ``MessageNotFound``, or ``AIUserNotAllowedError``.
    """
    caller = Caller.of(who)
    thread = thread_for(caller, thread_id)
    message = thread.messages.filter(pk=key_of(Message, message_id, MessageNotFound)).first()
    if message is None:
        raise MessageNotFound
    if permission("CAN_DELETE_MESSAGE_FN") is not permission("CAN_VIEW_THREAD_FN"):
        check_may_delete(caller, message)
    return message
