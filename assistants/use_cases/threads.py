"""Assistants and threads for a caller: listed, made, renamed, deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import QuerySet

from assistants.access import may_view, thread_for, threads_of, viewable
from assistants.assistants import AIAssistant
from assistants.callers import Caller
from assistants.models import Thread
from assistants.paging import Listed, Page, read_page
from assistants.permissions import (
    check_allowed,
    check_may_create_thread,
    check_may_run,
    check_may_see,
    visible_assistants,
)
from tenants.actors import Actor
from tenants.errors import InvalidInput
from tenants.text import check_text

LONGEST_NAME = 255  # characters
NEWEST_FIRST = Page(order="desc")


def list_assistants(who: Actor | Caller) -> list[type[AIAssistant]]:
    """The assistants that the caller may see, by name."""
    return visible_assistants(who)


def get_assistant(who: Actor | Caller, assistant_id: str) -> type[AIAssistant]:
    """The assistant, if the caller may see it. Raises ``AIAssistantNotDefinedError`` or ``AIUserNotAllowedError``."""
    caller = Caller.of(who)
    check_may_see(caller, assistant_id)
    return caller.assistants.get(assistant_id)


def create_thread(who: Actor | Caller, name: str = "", assistant_id: str = "") -> Thread:
    """A thread of the caller's own, bound to an assistant if one is named.

    Raises ``AIUserNotAllowedError``, ``AIAssistantNotDefinedError``, or ``InvalidInput`` for the name.
    """
    caller = Caller.of(who)
    check_may_create_thread(caller, assistant_id)
    name = check_name(name)
    if assistant_id:
        check_may_run(caller, assistant_id)
    if caller.user_id is None:
        whose = {"api_key_id": caller.api_key_id, "visitor_id": caller.visitor_id}
        return Thread.objects.create(name=name, assistant_id=assistant_id, **whose)
    return Thread.objects.create(name=name, assistant_id=assistant_id, created_by=caller.user)


def all_threads(who: Actor | Caller, assistant_id: str = "") -> list[Thread]:
    """The caller's own threads that it may view, newest first: all of them."""
    rows, keep = _threads(Caller.of(who), assistant_id)
    rows = rows.select_related("created_by").order_by("-created_at", "-pk")
    return [thread for thread in rows if keep is None or keep(thread)]


def list_threads(who: Actor | Caller, assistant_id: str = "", page: Page = NEWEST_FIRST) -> Listed[Thread]:
    """A page of the caller's own threads that it may view, newest first."""
    rows, keep = _threads(Caller.of(who), assistant_id)
    return read_page(rows, page, keep)


def get_thread(who: Actor | Caller, thread_id: Any) -> Thread:
    """A thread that the caller may view. Raises ``ThreadNotFound``."""
    return thread_for(who, thread_id)


def update_thread(who: Actor | Caller, thread: Thread, changes: Mapping[str, Any]) -> Thread:
    """Change what ``changes`` names (``name``, ``assistant_id``) and nothing else.

    Raises ``AIUserNotAllowedError``, ``AIAssistantNotDefinedError``, or ``InvalidInput`` for the name.
    """
    caller = Caller.of(who)
    check_allowed(caller, "CAN_UPDATE_THREAD_FN", thread=thread)
    if "name" in changes:
        thread.name = check_name(changes["name"])
    if "assistant_id" in changes:
        thread.assistant_id = changes["assistant_id"] or ""
        if thread.assistant_id:
            check_may_run(caller, thread.assistant_id)
    if changes:
        thread.save(update_fields=[*changes, "updated_at"])
    return thread


def delete_thread(who: Actor | Caller, thread: Thread) -> None:
    """Delete the thread with its messages and runs. Raises ``AIUserNotAllowedError``."""
    check_allowed(Caller.of(who), "CAN_DELETE_THREAD_FN", thread=thread)
    thread.delete()


def check_name(name: str) -> str:
    """A thread's name, without blanks around it. Raises ``InvalidInput``."""
    name = name.strip()
    if len(name) > LONGEST_NAME:
        raise InvalidInput(f"A name has at most {LONGEST_NAME} characters.", field="name")
    return check_text(name, field="name", longest=LONGEST_NAME)


def _threads(caller: Caller, assistant_id: str) -> tuple[QuerySet[Thread], Callable[[Thread], bool] | None]:
    """The rows, and what must be asked about each of them where SQL could not decide."""
    # A completion's thread holds one question: its client leads the conversation, and nobody looks for it in a list.
    rows = threads_of(caller).filter(source=Thread.Source.CHAT)
    if assistant_id:
        rows = rows.filter(assistant_id=assistant_id)
    condition = viewable(caller)
    if condition is not None:
        return rows.filter(condition), None
    return rows.select_related("created_by"), lambda thread: may_view(caller, thread)
