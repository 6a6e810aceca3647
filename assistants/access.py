"""Rows fetched for an actor. Unknown and forbidden look alike: not found."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

from assistants.models import Message, Thread
from tenants.actors import Actor
from tenants.errors import NotFound


class ThreadNotFound(NotFound):
    """There is no such thread."""

    code = "thread_not_found"


class MessageNotFound(NotFound):
    """There is no such message in this thread."""

    code = "message_not_found"


def threads_of(actor: Actor) -> QuerySet[Thread]:
    """The threads that the actor may see: a member's own, or a key's own."""
    return Thread.objects.filter(_own(actor))


def thread_for(actor: Actor, thread_id: Any) -> Thread:
    """The actor's thread with this id, in whatever form it was sent. Raises ``ThreadNotFound``."""
    thread = threads_of(actor).filter(pk=_key(Thread, thread_id, ThreadNotFound)).first()
    if thread is None:
        raise ThreadNotFound
    return thread


def message_for(actor: Actor, thread_id: Any, message_id: Any) -> Message:
    """The message in the actor's thread. Raises ``ThreadNotFound`` or ``MessageNotFound``."""
    thread = thread_for(actor, thread_id)
    message = thread.messages.filter(pk=_key(Message, message_id, MessageNotFound)).first()
    if message is None:
        raise MessageNotFound
    return message


def _own(actor: Actor) -> Q:
    if actor.user_id is not None:
        return Q(created_by_id=actor.user_id)
    if actor.api_key_id is not None:
        return Q(api_key_id=actor.api_key_id, created_by=None)
    return Q(pk__in=[])


def _key(model: type[Model], value: Any, missing: type[NotFound]) -> Any:
    """``value`` as the model's key; what cannot be one belongs to no row."""
    field = model._meta.pk
    assert field is not None
    try:
        key = field.to_python(value)
        field.run_validators(key)
    except (ValidationError, ValueError, OverflowError):
        raise missing from None
    return key
