"""Atrium's own answers to who may do what with assistants, threads and messages: what the settings name by default.

Assistants: the tenant's access rules decide. Threads and what is in them: a member's own, or an API key's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import BigIntegerField, Q
from django.http import HttpRequest

from assistants.callers import Caller
from tenants.prepared import Given
from tenants.rules.store import decide_use

if TYPE_CHECKING:
    from assistants.assistants import AIAssistant
    from assistants.models import Thread


def may_run_assistant(
    assistant_cls: type[AIAssistant], user: Any, request: HttpRequest | None = None, caller: Caller | None = None
) -> bool:
    """True where an access rule allows it and none denies it."""
    return decide_use((caller or Caller(user, request)).actor, assistant_cls.id).allowed


def may_create_thread(user: Any, request: HttpRequest | None = None, caller: Caller | None = None) -> bool:
    """True for everyone who is signed in."""
    return (caller or Caller(user, request)).is_signed_in


def may_use_thread(thread: Thread, user: Any, request: HttpRequest | None = None, caller: Caller | None = None) -> bool:
    """True where the thread is the caller's own."""
    caller = caller or Caller(user, request)
    if caller.user_id is not None:
        return thread.created_by_id == caller.user_id
    return caller.api_key_id is not None and (thread.created_by_id, thread.api_key_id) == (None, caller.api_key_id)


def own_threads(caller: Caller) -> Q:
    """``may_use_thread`` as a condition on threads."""
    if caller.user_id is not None:
        return Q(created_by_id=caller.user_id)
    if caller.api_key_id is not None:
        return Q(created_by_id=None, api_key_id=caller.api_key_id)
    return Q(pk__in=[])


# ``own_threads`` for prepared queries, which are asked with ``owner(caller)``.
OWN_THREADS = Q(created_by_id=Given("member", BigIntegerField())) | Q(
    created_by_id=None, api_key_id=Given("api_key", BigIntegerField())
)


def owner(caller: Caller) -> dict[str, Any]:
    """The values in ``OWN_THREADS``. A key that acts for a member owns what the member owns; nobody owns nothing."""
    return {"member": caller.user_id, "api_key": caller.api_key_id if caller.user_id is None else None}
