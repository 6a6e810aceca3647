"""A thread's messages for a caller: listed, deleted. Making one is a turn: ``begin_turn``."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from assistants.access import ThreadNotFound, key_of, thread_for, viewable
from assistants.callers import Caller
from assistants.models import Message, Thread
from assistants.paging import Listed, Page, UnknownCursor, read_page
from assistants.permissions import check_allowed
from tenants.actors import Actor

OLDEST_FIRST = Page()
# What people read, as far as SQL can tell: an AI message of nothing but tool calls has no text.
_READABLE = Q(message__type="human") | (Q(message__type="ai") & ~Q(message__data__content__in=["", []]))


def list_messages(who: Actor | Caller, thread_id: Any, page: Page = OLDEST_FIRST) -> Listed[Message]:
    """A page of what people read in the thread. Raises ``ThreadNotFound``."""
    caller = Caller.of(who)
    rows = _messages(caller, thread_id).filter(_READABLE)
    try:
        listed = read_page(rows, page, lambda row: row.is_readable)
    except UnknownCursor:
        thread_for(caller, thread_id)  # an unknown thread is the first thing to say
        raise
    if not listed.rows:
        thread_for(caller, thread_id)  # is it empty, or is there none?
    return listed


def delete_message(who: Actor | Caller, message: Message) -> tuple[int, dict[str, int]]:
    """Delete the message; what was deleted is returned as Django does. Raises ``AIUserNotAllowedError``."""
    check_allowed(Caller.of(who), "CAN_DELETE_MESSAGE_FN", message=message, thread=message.thread)
    return message.delete()


def _messages(caller: Caller, thread_id: Any) -> QuerySet[Message]:
    """The thread's messages; where SQL can decide it, the question whether the caller may is part of the query."""
    condition = viewable(caller)
    if condition is None:
        return Message.objects.filter(thread=thread_for(caller, thread_id))
    threads = Thread.objects.filter(condition, pk=key_of(Thread, thread_id, ThreadNotFound))
    return Message.objects.filter(thread__in=threads)
