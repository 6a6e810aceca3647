"""A run whose process died: resumed, or ended as failed with what it had."""

from __future__ import annotations

import logging
from typing import Any, cast

from langchain_core.messages import AIMessage, HumanMessage, messages_from_dict

from assistants.assistants import AIAssistant
from assistants.conf import max_history_tokens
from assistants.graph.history import MOST_MESSAGES, recent
from assistants.models import Run, RunEvent
from assistants.presentation import message_as_json
from assistants.runs.active import ActiveRun
from assistants.runs.events import Event, EventType
from assistants.runs.keeper import Orphan
from assistants.runs.runner import runner
from assistants.runs.turns import Answer, Turn
from assistants.tools import method_tools
from assistants.use_cases.record_answer import record_answer
from tenants.actors import Actor
from tenants.context import TenantRef, public_context, require_tenant, tenant_context
from tenants.database import in_database
from tenants.members import roles_of
from tenants.models import Tenant

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 3
INTERRUPTED = ("interrupted", "The server was interrupted in mid-answer. Your message is kept; ask again.")


async def recover(orphan: Orphan) -> None:
    """Bring the run to a final state: go on with it where that is safe, else end it."""
    tenant = await in_database(_tenant, orphan.schema_name)
    if tenant is None:
        return
    with tenant_context(tenant):
        found = await in_database(_take, orphan)
        if found is None:
            return
        turn, last, partial, why = found
        if why:
            answer = Answer(messages=partial, error_code=why[0], error_detail=why[1])
            await in_database(record_answer, turn, answer, [], last)
            log.warning("an interrupted run was ended", extra={"run_id": orphan.run_id, "code": why[0]})
        else:
            log.warning("an interrupted run is taken up again", extra={"run_id": orphan.run_id})
            runner.start(turn, ActiveRun(begins_after=last))


def _tenant(schema_name: str) -> TenantRef | None:
    with public_context():
        tenant = Tenant.objects.filter(schema_name=schema_name).first()
    return tenant.as_ref() if tenant else None


Found = tuple[Turn, int, list[AIMessage], tuple[str, str] | None]


def _take(orphan: Orphan) -> Found | None:
    """The run as a turn, the number of its last event, what was said, and why it cannot go on (or None)."""
    run = Run.objects.select_related("question", "created_by").filter(pk=orphan.run_id).first()
    if run is None or run.question is None or run.status not in (Run.Status.RUNNING, Run.Status.QUEUED):
        _drop(orphan)
        return None
    events = [Event(row.sequence, cast(EventType, row.type), row.payload) for row in RunEvent.objects.filter(run=run)]
    last = events[-1].sequence if events else 0
    turn = _turn(run)
    return turn, last, _partial(events), _obstacle(run, turn, events, orphan)


def _drop(orphan: Orphan) -> None:
    from assistants.models import RunLease

    with public_context():
        RunLease.objects.filter(schema_name=orphan.schema_name, run_id=orphan.run_id).delete()


def _obstacle(run: Run, turn: Turn, events: list[Event], orphan: Orphan) -> tuple[str, str] | None:
    if run.cancel_requested_at is not None or not orphan.resumable or orphan.attempts > MOST_ATTEMPTS:
        return INTERRUPTED
    if run.assistant_id not in AIAssistant.get_cls_registry():
        return INTERRUPTED
    called = {event.payload["name"] for event in events if event.type == "tool.started"}
    if not called <= _idempotent_tools(turn.assistant):
        return (
            "interrupted_in_tool",
            "The server was interrupted while a tool ran. Check what it did before you ask again.",
        )
    return None


def _idempotent_tools(assistant: AIAssistant) -> set[str]:
    return {tool.name for tool in method_tools(assistant) if (tool.metadata or {}).get("idempotent")}


def _turn(run: Run) -> Turn:
    assistant_class = AIAssistant.get_cls_registry().get(run.assistant_id, AIAssistant)
    actor = Actor(
        kind=run.actor_kind,  # type: ignore[arg-type]  # stored from an actor's
        tenant=require_tenant(),
        user_id=run.created_by_id,
        api_key_id=run.api_key_id,
        roles=roles_of(run.created_by),
    )
    question: Any = run.question
    earlier = run.thread.messages.filter(created_at__lt=question.created_at, superseded=False)
    rows = earlier.order_by("-created_at", "-id").values_list("message", flat=True)[:MOST_MESSAGES]
    content = messages_from_dict([question.message])[0]
    assert isinstance(content, HumanMessage)
    return Turn(
        actor=actor,
        run_id=run.pk,
        thread_id=run.thread_id,
        assistant=assistant_class(user=run.created_by, actor=actor),
        question=content.content,  # type: ignore[arg-type]
        question_id=question.pk,
        asked=message_as_json(question),
        history=recent((messages_from_dict([row])[0] for row in rows), max_history_tokens()),
        replaces=run.replaces_id,
    )


def _partial(events: list[Event]) -> list[AIMessage]:
    """What was said until the interruption, since the run's last (re)start."""
    said: list[str] = []
    for event in events:
        if event.type == "run.restarted":
            said.clear()
        elif event.type == "message.delta":
            said.append(event.payload["text"])
    return [AIMessage(content="".join(said), additional_kwargs={"partial": True})] if said else []
