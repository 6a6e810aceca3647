"""Threads: made, listed, renamed, deleted, for an actor."""

from __future__ import annotations

from typing import Any

from assistants.access import message_for, thread_for, threads_of
from assistants.assistants import AIAssistant
from assistants.models import Message, Thread
from assistants.permissions import check_may_run, visible_assistants
from tenants.actors import Actor
from tenants.errors import InvalidInput
from tenants.text import check_text

LONGEST_NAME = 255  # characters
MOST_THREADS = 200


def list_assistants(actor: Actor) -> list[type[AIAssistant]]:
    """The assistants that the actor may use."""
    return visible_assistants(actor)


def get_assistant(actor: Actor, assistant_id: str) -> type[AIAssistant]:
    """The assistant, if the actor may use it. Raises ``AIAssistantNotDefinedError`` or ``AIUserNotAllowedError``."""
    assistant = AIAssistant.get_cls(assistant_id)
    check_may_run(actor, assistant_id)
    return assistant


def create_thread(actor: Actor, name: str = "", assistant_id: str = "") -> Thread:
    """A thread of the actor's own, bound to an assistant if one is named."""
    name = check_name(name)
    if assistant_id:
        get_assistant(actor, assistant_id)
    key = actor.api_key_id if actor.user_id is None else None
    return Thread.objects.create(name=name, assistant_id=assistant_id, created_by_id=actor.user_id, api_key_id=key)


def list_threads(actor: Actor, assistant_id: str = "") -> list[Thread]:
    """The actor's threads, newest first."""
    threads = threads_of(actor)
    if assistant_id:
        threads = threads.filter(assistant_id=assistant_id)
    return list(threads[:MOST_THREADS])


def get_thread(actor: Actor, thread_id: Any) -> Thread:
    """One of the actor's threads."""
    return thread_for(actor, thread_id)


def update_thread(actor: Actor, thread_id: Any, changes: dict[str, Any]) -> Thread:
    """Change what ``changes`` names (``name``, ``assistant_id``) and nothing else."""
    thread = thread_for(actor, thread_id)
    if "name" in changes:
        thread.name = check_name(changes["name"])
    if "assistant_id" in changes:
        thread.assistant_id = changes["assistant_id"] or ""
        if thread.assistant_id:
            get_assistant(actor, thread.assistant_id)
    if changes:
        thread.save(update_fields=[*changes, "updated_at"])
    return thread


def delete_thread(actor: Actor, thread_id: Any) -> None:
    """Delete the thread with its messages and runs."""
    thread_for(actor, thread_id).delete()


def list_messages(actor: Actor, thread_id: Any) -> list[Message]:
    """What people read in the thread, oldest first."""
    thread = thread_for(actor, thread_id)
    rows = list(thread.messages.all())
    return [row for row in rows if is_readable_row(row)]


def is_readable_row(row: Message) -> bool:
    """As ``is_readable``, from the stored form."""
    return row.type == "human" or (row.type == "ai" and bool(row.content))


def delete_message(actor: Actor, thread_id: Any, message_id: Any) -> None:
    """Delete one message of the thread."""
    message_for(actor, thread_id, message_id).delete()


def check_name(name: str) -> str:
    """A thread's name, without blanks around it. Raises ``InvalidInput``."""
    name = name.strip()
    if len(name) > LONGEST_NAME:
        raise InvalidInput(f"A name has at most {LONGEST_NAME} characters.", field="name")
    return check_text(name, field="name", longest=LONGEST_NAME)
