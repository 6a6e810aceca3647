"""A thread's messages for a caller: listed, deleted. Making one is a turn: ``begin_turn``."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson
from django.db import transaction
from django.db.models import QuerySet

from assistants.access import ThreadNotFound, is_own_viewable, key_field, key_of, thread_for, viewable
from assistants.callers import Caller
from assistants.models import Message, Thread
from assistants.paging import Listed, Order, Page, UnknownCursor, page_of, read_page
from assistants.permissions import check_allowed
from assistants.policies import OWN_THREADS, owner
from assistants.presentation import StoredMessage
from assistants.readable import READABLE
from assistants.use_cases.arrange_answers import renumber
from tenants.actors import Actor
from tenants.prepared import Given, Prepared

OLDEST_FIRST = Page()
_COLUMNS = StoredMessage._fields


def list_messages(who: Actor | Caller, thread_id: Any, page: Page = OLDEST_FIRST) -> Listed[StoredMessage]:
    """A page of what people read in the thread. Raises ``ThreadNotFound``."""
    caller = Caller.of(who)
    if page.after is None and is_own_viewable(caller):
        listed = _first_page(caller, key_of(Thread, thread_id, ThreadNotFound), page)
    else:
        listed = _any_page(caller, thread_id, page)
    if not listed.rows:
        thread_for(caller, thread_id)  # is it empty, or is there none?
    return listed


def _first_page(caller: Caller, key: Any, page: Page) -> Listed[StoredMessage]:
    """As ``_any_page``, for the most usual question."""
    rows = _prepared_page(page.order, page.limit).rows(thread=key, **owner(caller))
    read = [
        StoredMessage(pk, made, run, orjson.loads(message), orjson.loads(citations), *facts)
        for pk, made, run, message, citations, *facts in rows
    ]
    return page_of(read, page)


@lru_cache(maxsize=32)
def _prepared_page(order: Order, limit: int) -> Prepared[Message]:
    direction = "-" if order == "desc" else ""

    def make() -> QuerySet[Message, Any]:
        thread = Thread.objects.filter(OWN_THREADS, pk=Given("thread", key_field(Thread))).order_by().values("pk")
        rows = _readable(Message.objects.filter(thread=thread[:1]))
        return rows.order_by(f"{direction}created_at", f"{direction}pk").values_list(*_COLUMNS)[: limit + 1]

    return Prepared(make)


def _any_page(caller: Caller, thread_id: Any, page: Page) -> Listed[StoredMessage]:
    rows = _readable(_messages(caller, thread_id)).values_list(*_COLUMNS, named=True)
    try:
        return read_page(rows, page)
    except UnknownCursor:
        thread_for(caller, thread_id)  # an unknown thread is the first thing to say
        raise


def _readable(rows: QuerySet[Message]) -> QuerySet[Message]:
    return rows.filter(READABLE, superseded=False)


def delete_message(who: Actor | Caller, message: Message) -> tuple[int, dict[str, int]]:
    """Delete the message; what was deleted is returned as Django does. Raises ``AIUserNotAllowedError``.

    With a question go those of its answers that are not shown: nobody could reach them any more.
    """
    check_allowed(Caller.of(who), "CAN_DELETE_MESSAGE_FN", message=message, thread=message.thread)
    with transaction.atomic():
        if message.type == "human":
            Message.objects.filter(run__question=message, superseded=True).delete()
        deleted = message.delete()
        if message.variants > 1 and message.run is not None:
            renumber(message.run.question_id)
    return deleted


def _messages(caller: Caller, thread_id: Any) -> QuerySet[Message]:
    """The thread's messages; where SQL can decide it, the question whether the caller may is part of the query."""
    condition = viewable(caller)
    if condition is None:
        return Message.objects.filter(thread=thread_for(caller, thread_id))
    threads = Thread.objects.filter(condition, pk=key_of(Thread, thread_id, ThreadNotFound))
    return Message.objects.filter(thread__in=threads)
