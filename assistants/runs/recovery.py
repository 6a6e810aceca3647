"""A run whose process died: resumed, or ended as failed with what it had."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import cast

from langchain_core.messages import AIMessage

from assistants.assistants import AIAssistant
from assistants.models import Run, RunEvent
from assistants.runs.active import ActiveRun
from assistants.runs.events import Event, EventType
from assistants.runs.keeper import Orphan
from assistants.runs.receipts import columns_of, interrupted
from assistants.runs.runner import runner
from assistants.runs.stored_turns import turn_of
from assistants.runs.turns import Answer, Turn
from assistants.tenant_assistants import assistants_here
from assistants.tools import is_idempotent, method_tools
from assistants.use_cases.playground import drafted_class
from assistants.use_cases.record_answer import record_answer
from tenants.actors import Actor
from tenants.budgets.store import settle
from tenants.context import TenantRef, public_context, require_tenant, tenant_context
from tenants.database import in_database
from tenants.keys import limits_of
from tenants.members import roles_of
from tenants.models import Tenant
from tenants.visitors import visitor_actor

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 3
UNSTORED = 1000
"""More events than a process can have sent to followers without storing them. The next event's number is beyond
these: a follower who heard of them, and names the last one, must not miss what comes instead of them."""
INTERRUPTED = ("interrupted", "The server was interrupted in mid-answer. Your message is kept; ask again.")


async def recover(orphan: Orphan) -> None:
    """Bring the run to a final state: go on with it where that is safe, else end it."""
    with runner.beginning(is_new=False):
        tenant = await in_database(_tenant, orphan.schema_name)
        if tenant is not None:
            await _recover(orphan, tenant)


async def _recover(orphan: Orphan, tenant: TenantRef) -> None:
    with tenant_context(tenant):
        found = await in_database(_take, orphan)
        if found is None:
            return
        turn, last, events, why = found
        if why:
            answer = _interrupted(turn, events, *why)
            await in_database(record_answer, turn, answer, [], last)
            log.warning("an interrupted run was ended", extra={"run_id": orphan.run_id, "code": why[0]})
        else:
            log.warning("an interrupted run is taken up again", extra={"run_id": orphan.run_id})
            runner.start(turn, ActiveRun(begins_after=last, begins_with=_first_event(turn, events)))


def _tenant(schema_name: str) -> TenantRef | None:
    with public_context():
        tenant = Tenant.objects.filter(schema_name=schema_name).first()
    return tenant.as_ref() if tenant else None


Found = tuple[Turn, int, list[Event], tuple[str, str] | None]


def _take(orphan: Orphan) -> Found | None:
    """The run as a turn, the number after which its events go on, its events since it began or went on after a pause,
    and why it cannot go on (or None)."""
    asked = Run.objects.select_related("question", "created_by", "api_key", "thread__visitor")
    run = asked.filter(pk=orphan.run_id).first()
    if run is None or run.question is None or run.status not in (Run.Status.RUNNING, Run.Status.QUEUED):
        _drop(orphan)
        return None
    rows = list(RunEvent.objects.filter(run=run))
    events = [Event(row.sequence, cast(EventType, row.type), row.payload) for row in rows]
    last = (events[-1].sequence if events else 0) + UNSTORED
    turn, since = _turn(run), _since_pause(events)
    why = _obstacle(run, turn, since, orphan)
    if why:
        turn = replace(turn, receipt=interrupted(run, rows))
    return turn, last, since, why


def _drop(orphan: Orphan) -> None:
    """There is nothing to go on with. What the run has used is not known; what it had set aside is free again."""
    from assistants.models import RunLease

    settle(orphan.run_id, 0, None)
    with public_context():
        RunLease.objects.filter(schema_name=orphan.schema_name, run_id=orphan.run_id).delete()


def _obstacle(run: Run, turn: Turn, events: list[Event], orphan: Orphan) -> tuple[str, str] | None:
    if run.cancel_requested_at is not None or not orphan.resumable or orphan.attempts > MOST_ATTEMPTS:
        return INTERRUPTED
    if run.assistant_id not in assistants_here().enabled() and drafted_class(run.receipt) is None:
        return INTERRUPTED
    called = {event.payload["name"] for event in events if event.type == "tool.started"}
    if not called <= _idempotent_tools(turn.assistant):
        return (
            "interrupted_in_tool",
            "The server was interrupted while a tool ran. Check what it did before you ask again.",
        )
    return None


def _idempotent_tools(assistant: AIAssistant) -> set[str]:
    tools = method_tools(assistant) if assistant.configuration is None else assistant.get_tools()
    return {tool.name for tool in tools if is_idempotent(tool)}


def _turn(run: Run) -> Turn:
    assistant_class = drafted_class(run.receipt) or assistants_here().find(run.assistant_id) or AIAssistant
    actor = _actor(run)
    return turn_of(run, assistant_class(user=run.created_by, actor=actor), actor)


def _actor(run: Run) -> Actor:
    """Who asked, with the rights of now."""
    if run.thread.visitor is not None:
        return visitor_actor(run.thread.visitor, run.assistant_id)
    return Actor(
        kind=run.actor_kind,  # type: ignore[arg-type]  # stored from an actor's
        tenant=require_tenant(),
        user_id=run.created_by_id,
        api_key_id=run.api_key_id,
        roles=roles_of(run.created_by),
        **limits_of(run.api_key),
    )


def _since_pause(events: list[Event]) -> list[Event]:
    """The events since the run last waited for a person: what came before has come to its end, and is stored."""
    pauses = [position for position, event in enumerate(events, 1) if event.type == "run.waiting"]
    return events[pauses[-1] :] if pauses else events


def _first_event(turn: Turn, events: list[Event]) -> EventType:
    """A process may die before it could log that a run goes on; then the next one says so."""
    return "run.resumed" if turn.decisions and not events else "run.restarted"


def _interrupted(turn: Turn, events: list[Event], code: str, detail: str) -> Answer:
    kept = {**columns_of(turn.receipt), "receipt": turn.receipt}
    return Answer(messages=_partial(events), error_code=code, error_detail=detail, **kept)


def _partial(events: list[Event]) -> list[AIMessage]:
    """What was said until the interruption, since the run's last (re)start."""
    said: list[str] = []
    for event in events:
        if event.type == "run.restarted":
            said.clear()
        elif event.type == "message.delta":
            said.append(event.payload["text"])
    return [AIMessage(content="".join(said), additional_kwargs={"partial": True})] if said else []
