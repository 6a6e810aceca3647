"""Administrators try an assistant, as it is or as a draft would make it, before anybody else meets it.

What is tried is a run like any other: budgets and the plan hold, and it has a receipt. Its conversation is marked, so
that no list of conversations shows it but the console's. The draft is kept in the receipt: a run that waits for an
approval goes on with what it began with. Access rules do not forbid it, as who manages assistants could allow it to
itself; tools and collections stay those that the rules let this person use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from assistants.access import ThreadNotFound, thread_for
from assistants.assistants import AIAssistant
from assistants.callers import Caller
from assistants.configured import Configuration
from assistants.exceptions import AIAssistantNotDefinedError
from assistants.models import Run, Thread
from assistants.permissions import check_may_run
from assistants.runs.idempotency import EarlierRun, Idempotency, earlier_run
from assistants.runs.storage import give_keys
from assistants.runs.turns import Turn
from assistants.tenant_assistants import TenantAssistants
from assistants.use_cases.begin_turn import check_content, store_turn, title_of
from assistants.use_cases.configure_assistants import check_may_configure, draft_of
from tenants.rules.decide import Decision

DRAFT = "draft"
"""Where a receipt has the settings that were tried, beside the assistant's id and version."""
_BY_NO_RULE = Decision(True, None)


def begin_playground_turn(
    caller: Caller,
    assistant_id: str,
    content: str,
    settings: Mapping[str, Any],
    thread_id: Any = None,
    idempotency: Idempotency | None = None,
) -> Turn | EarlierRun:
    """Ask the assistant as it would be with ``settings``, in a new conversation or in one of the playground's.

    Raises
    ------
    NotAllowed, AIAssistantNotDefinedError, ThreadNotFound
        The caller does not manage assistants; or there is no such assistant, or no such conversation of its own.
    InvalidInput, TooLarge
        The question or a setting cannot be taken.
    Conflict, NotInPlan, BudgetExhausted, KeyReused
        As for every turn.
    """
    check_may_configure(caller.actor)
    check_content(content)
    draft = draft_of(caller.actor, assistant_id, settings)
    cls = _drafted(draft)
    thread = _thread(caller, assistant_id, content) if thread_id is None else _earlier(caller, thread_id)
    if idempotency is not None and (earlier := earlier_run(idempotency)) is not None:
        return earlier
    assistant = cls(user=caller.user, request=caller.request, actor=caller.actor)
    return store_turn(
        assistant,
        thread,
        caller.actor,
        content,
        _BY_NO_RULE,
        idempotency=idempotency,
        resumable=False,
        is_new=thread_id is None,
        draft={DRAFT: asdict(draft)},
    )


def assistant_of_run(caller: Caller, run: Run) -> tuple[type[AIAssistant], Decision]:
    """Who goes on with a run, or answers its question again, and the decision that allows it to the caller.

    Raises ``AIAssistantNotDefinedError``, ``AIUserNotAllowedError`` or ``NotAllowed``.
    """
    draft = run.receipt.get("assistant", {}).get(DRAFT)
    if draft is None:
        return caller.assistants.get(run.assistant_id), check_may_run(caller, run.assistant_id)
    check_may_configure(caller.actor)
    return _drafted(_stored(draft)), _BY_NO_RULE


def drafted_class(receipt: Mapping[str, Any]) -> type[AIAssistant] | None:
    """The assistant that a playground's receipt tells of; None for any other receipt."""
    draft = receipt.get("assistant", {}).get(DRAFT)
    return TenantAssistants([_stored(draft)]).find(draft["id"]) if draft else None


def _stored(draft: Mapping[str, Any]) -> Configuration:
    as_tuples: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in draft.items()
    }
    return Configuration(**as_tuples)


def _drafted(draft: Configuration) -> type[AIAssistant]:
    found = TenantAssistants([draft]).find(draft.id)
    if found is None:
        raise AIAssistantNotDefinedError
    return found


def _thread(caller: Caller, assistant_id: str, content: str) -> Thread:
    """A new conversation, still to be stored."""
    thread = Thread(assistant_id=assistant_id, name=title_of(content), source=Thread.Source.PLAYGROUND)
    if caller.user_id is None:
        thread.api_key_id = caller.api_key_id
    else:
        thread.created_by = caller.user
    give_keys([thread])
    return thread


def _earlier(caller: Caller, thread_id: Any) -> Thread:
    thread = thread_for(caller, thread_id)
    if thread.source != Thread.Source.PLAYGROUND:
        raise ThreadNotFound
    return thread
