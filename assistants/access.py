"""Rows fetched for a caller. Unknown and forbidden look alike: not found.

A permission function that is known here is asked in SQL, as a condition; a project's own is asked row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Field, Model, Q, QuerySet

from assistants.callers import Caller
from assistants.conf import Permission, PermissionName, permission
from assistants.models import Message, Thread
from assistants.permissions import allow_all, check_allowed, is_allowed, owns_thread
from assistants.policies import (
    OWN_THREADS,
    may_use_thread,
    may_view_thread,
    own_threads,
    owner,
    viewable_by_rules,
    viewable_threads,
)
from tenants.actors import Actor
from tenants.errors import NotFound
from tenants.prepared import Given, Prepared

_IN_SQL: Mapping[Permission, Callable[[Caller], Q]] = {
    may_view_thread: viewable_threads,
    may_use_thread: own_threads,
    owns_thread: lambda caller: Q(created_by_id=caller.user_id, created_by_id__isnull=False),
    allow_all: lambda caller: Q(),
}


class ThreadNotFound(NotFound):
    """There is no such thread."""

    code = "thread_not_found"


class MessageNotFound(NotFound):
    """There is no such message in this thread."""

    code = "message_not_found"


def threads_of(who: Actor | Caller) -> QuerySet[Thread]:
    """The threads that belong to the caller, a member's own or an API key's own, and that the rules let it open."""
    caller = Caller.of(who)
    by_rules = permission("CAN_VIEW_THREAD_FN") is may_view_thread
    return Thread.objects.filter(viewable_threads(caller) if by_rules else own_threads(caller))


def may_view(caller: Caller, thread: Thread) -> bool:
    """The configured function's answer for one thread."""
    return is_allowed(caller, "CAN_VIEW_THREAD_FN", thread=thread)


def viewable(caller: Caller) -> Q | None:
    """The condition that threads meet which the caller may view; None where only ``may_view`` knows."""
    condition = _IN_SQL.get(permission("CAN_VIEW_THREAD_FN"))
    return condition(caller) if condition else None


def thread_for(who: Actor | Caller, thread_id: Any, to: PermissionName = "CAN_VIEW_THREAD_FN") -> Thread:
    """The thread with this id, in whatever form it was sent, if the caller may view it and do ``to`` with it.

    One query. Raises ``ThreadNotFound``, or ``AIUserNotAllowedError`` for what the caller may view but not do.
    """
    caller, key = Caller.of(who), key_of(Thread, thread_id, ThreadNotFound)
    thread = _OWN_THREAD.first(key=key, **owner(caller)) if is_own_viewable(caller) else _viewable_thread(caller, key)
    if thread is None:
        raise ThreadNotFound
    if to != "CAN_VIEW_THREAD_FN":
        check_allowed(caller, to, thread=thread, message=None)
    return thread


_OWN_THREAD = Prepared(lambda: Thread.objects.filter(OWN_THREADS, pk=Given("key", key_field(Thread))).order_by())


def is_own_viewable(caller: Caller) -> bool:
    """True where the caller views all of its own threads and no others: the usual case, for which queries are
    prepared."""
    return permission("CAN_VIEW_THREAD_FN") is may_view_thread and viewable_by_rules(caller).is_all


def _viewable_thread(caller: Caller, key: Any) -> Thread | None:
    rows, condition = Thread.objects.filter(pk=key), viewable(caller)
    if condition is not None:
        return rows.filter(condition).first()
    thread = rows.select_related("created_by").first()
    return thread if thread is not None and may_view(caller, thread) else None


def message_for(who: Actor | Caller, thread_id: Any, message_id: Any) -> Message:
    """The message, if the caller may view its thread. Raises ``ThreadNotFound`` or ``MessageNotFound``."""
    thread = thread_for(who, thread_id)
    message = thread.messages.filter(pk=key_of(Message, message_id, MessageNotFound)).first()
    if message is None:
        raise MessageNotFound
    return message


def key_of(model: type[Model], value: Any, missing: type[Exception]) -> Any:
    """``value`` as the model's key. What cannot be one belongs to no row: raises ``missing``."""
    field = key_field(model)
    try:
        key = field.to_python(value)
        field.run_validators(key)
    except (ValidationError, ValueError, OverflowError):
        raise missing from None
    if isinstance(key, str) and "\x00" in key:  # PostgreSQL takes none in a text
        raise missing
    return key


def key_field(model: type[Model]) -> Field[Any, Any]:
    """The model's primary key."""
    assert model._meta.pk is not None
    return model._meta.pk
