"""Runs, looked at and stopped, for a caller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from assistants.access import key_of, thread_for, threads_of
from assistants.llm.prices import as_text
from assistants.models import Run, RunEvent
from assistants.paging import Listed, Page, read_page
from assistants.runs.events import EventType
from assistants.runs.turns import as_json_id
from assistants.use_cases.arrange_answers import keep_the_whole_answer
from tenants.actors import Actor
from tenants.context import require_tenant
from tenants.errors import AtriumError, NotFound
from tenants.scopes import NotForVisitors

CANCEL_CHANNEL = "atrium_run_cancel"


class RunNotFound(NotFound):
    """There is no such run."""

    code = "run_not_found"


class EventsExpired(AtriumError):
    """The events of this run are no longer kept. The run and its messages are."""

    status = 410
    code = "events_expired"
    title = "No longer kept"


def list_runs(actor: Actor, thread_id: Any, page: Page) -> Listed[Run]:
    """A page of the thread's runs. Raises ``ThreadNotFound``."""
    return read_page(Run.objects.filter(thread=thread_for(actor, thread_id)), page)


def get_run(actor: Actor, run_id: Any) -> Run:
    """A run in one of the caller's threads. Raises ``RunNotFound``."""
    key = key_of(Run, run_id, RunNotFound)
    run = Run.objects.filter(pk=key, thread__in=threads_of(actor)).first()
    if run is None:
        raise RunNotFound
    return run


def get_run_to_follow(actor: Actor, run_id: Any) -> Run:
    """A run whose events are there, or are still to come. Raises ``RunNotFound``, or ``EventsExpired``."""
    run = get_run(actor, run_id)
    if not run.is_active and not RunEvent.objects.filter(run=run).exists():
        raise EventsExpired(run_id=as_json_id(run.pk))
    return run


def run_as_json(actor: Actor, run: Run) -> dict[str, Any]:
    """A run as the API shows it to the actor. Which model answers, and what that costs, is no visitor's to know."""
    return _whole(run) | (_UNSAID if actor.kind == "visitor" else {})


_UNSAID = {"assistant_version": "", "model": "", "tokens_in": 0, "tokens_out": 0, "tokens_cached": 0, "cost": None}


def _whole(run: Run) -> dict[str, Any]:
    return {
        "id": run.pk,
        "thread_id": run.thread_id,
        "assistant_id": run.assistant_id,
        "question_id": run.question_id,
        "replaces": run.replaces_id,
        "assistant_version": run.assistant_version,
        "status": run.status,
        "model": run.model,
        "tokens_in": run.tokens_in,
        "tokens_out": run.tokens_out,
        "tokens_cached": run.tokens_cached,
        "cost": None if run.cost is None else as_text(run.cost),
        "error_code": run.error_code,
        "error_detail": run.error_detail,
        "tool_calls": waiting_calls(run),
        "created_at": run.created_at,
        "finished_at": run.finished_at,
        "first_token_ms": run.receipt.get("first_token_ms"),
        "total_ms": run.receipt.get("total_ms"),
    }


def waiting_calls(run: Run) -> list[dict[str, Any]]:
    """The tool calls that wait for a person: ``{"id", "name", "args", ...}`` each. Empty for a run that does not."""
    if run.status != Run.Status.WAITING:
        return []
    event = last_event(run)
    return event.payload["tool_calls"] if event is not None and event.type == "run.waiting" else []


def last_event(run: Run) -> RunEvent | None:
    """The run's latest event in the log."""
    return RunEvent.objects.filter(run=run).order_by("-sequence").first()


def get_receipt(actor: Actor, run_id: Any) -> dict[str, Any]:
    """What the run's answer rests on, as the API shows it: as far as it came.

    Raises ``RunNotFound``; ``NotForVisitors`` for a visitor, to whom an answer's citations say what it rests on.
    """
    if actor.kind == "visitor":
        raise NotForVisitors
    run = get_run(actor, run_id)
    return {"run_id": run.pk, "status": run.status, **run.receipt, "decisions": run.decisions}


def cancel_run(actor: Actor, run_id: Any) -> Run:
    """Stop the run, wherever it is executed. A run that has ended stays as it is; asking twice changes nothing."""
    run = get_run(actor, run_id)
    if not run.is_active:
        return run
    with transaction.atomic():
        run = Run.objects.select_for_update().get(pk=run.pk)
        if run.status == Run.Status.WAITING:  # no process holds it: it ends here
            end_waiting(run, "run.cancelled", {"status": "cancelled", "messages": []}, status=Run.Status.CANCELLED)
        elif run.is_active:
            Run.objects.filter(pk=run.pk).update(cancel_requested_at=timezone.now())
            _tell(run)
    run.refresh_from_db()
    return run


def end_waiting(run: Run, event: EventType, payload: Mapping[str, Any], **changes: Any) -> None:
    """End a run that waits, which is locked, with this last event and these changes of its fields."""
    last = last_event(run)
    sequence = last.sequence + 1 if last is not None else 1
    payload = {"run_id": as_json_id(run.pk), **payload}
    RunEvent.objects.create(run=run, sequence=sequence, type=event, payload=payload)
    Run.objects.filter(pk=run.pk).update(**changes, finished_at=timezone.now())
    keep_the_whole_answer(run)


def _tell(run: Run) -> None:
    """Whichever process executes the run hears of it when this is committed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CANCEL_CHANNEL, f"{require_tenant().schema_name}/{run.pk}"])
