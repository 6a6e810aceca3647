"""A turn begun or gone on with over HTTP: a new run, or the one that the same request has begun before."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.http import HttpRequest

from assistants.access import ThreadNotFound
from assistants.api.unbroken import unbroken
from assistants.callers import Caller
from assistants.runs.active import ActiveRun
from assistants.runs.decisions import Decision
from assistants.runs.events import Event
from assistants.runs.following import follow
from assistants.runs.idempotency import EarlierRun, idempotency_of
from assistants.runs.runner import runner
from assistants.runs.turns import Turn
from assistants.use_cases.approvals import decide
from assistants.use_cases.begin_turn import begin_turn
from assistants.use_cases.regenerate import begin_another_answer
from tenants.api.auth import actor_of
from tenants.database import in_database


@dataclass(frozen=True)
class Started:
    """A run that goes on. ``active`` is None where another process, or an earlier request, has begun it."""

    run_id: Any
    active: ActiveRun | None
    after: int = 0
    """The number of the event after which the request was made: one that lets a run go on begins in its middle."""

    def events(self) -> AsyncGenerator[Event]:
        """All of its events since the request, those that were and those that come."""
        after = self.active.begins_after if self.active else self.after
        return follow(self.run_id, after, self.active)

    async def final(self) -> Event:
        """Its last event, when it has come. Raises ``ThreadNotFound`` where its conversation was deleted meanwhile."""
        last = await self.active.last() if self.active else None
        if last is None:
            async for event in self.events():
                last = event
        if last is None or not last.is_final or last.payload.get("code") == ThreadNotFound.code:
            raise ThreadNotFound
        return last


async def begin(request: HttpRequest, thread_id: str, assistant_id: str, content: str) -> Started:
    """Check and store the question, and run it. Everything that can be refused is refused here."""
    return await unbroken(_begin(request, thread_id, assistant_id, content))


async def _begin(request: HttpRequest, thread_id: str, assistant_id: str, content: str) -> Started:
    actor = actor_of(request)
    asked = {"thread": thread_id, "assistant_id": assistant_id, "content": content}
    with runner.beginning():
        turn = await in_database(
            begin_turn,
            actor,
            thread_id,
            assistant_id,
            content,
            user=getattr(request, "user", None),
            request=request,
            idempotency=idempotency_of(actor, request.headers.get("Idempotency-Key"), asked),
        )
        return started(turn)


async def begin_again(request: HttpRequest, run_id: str) -> Started:
    """Check, and run another answer to the question of this run. Everything that can be refused is refused here."""
    return await unbroken(_begin_again(request, run_id))


async def _begin_again(request: HttpRequest, run_id: str) -> Started:
    caller = Caller.of_request(request)
    idempotency = idempotency_of(caller.actor, request.headers.get("Idempotency-Key"), {"regenerate": run_id})
    with runner.beginning():
        return started(await in_database(begin_another_answer, caller, run_id, idempotency))


def started(turn: Turn | EarlierRun) -> Started:
    """The turn, set going; or the run that was begun before."""
    if isinstance(turn, EarlierRun):
        return Started(turn.run_id, None)
    return Started(turn.run_id, runner.start(turn))


async def go_on(request: HttpRequest, run_id: str, decisions: Sequence[Decision]) -> Started:
    """Check and store the decisions on a waiting run's calls, and run it. What can be refused is refused here."""
    return await unbroken(_go_on(request, run_id, decisions))


async def _go_on(request: HttpRequest, run_id: str, decisions: Sequence[Decision]) -> Started:
    actor = actor_of(request)
    asked = {"run": run_id, "decisions": [asdict(each) for each in decisions]}
    with runner.beginning():
        found = await in_database(
            decide,
            actor,
            run_id,
            decisions,
            user=getattr(request, "user", None),
            request=request,
            idempotency=idempotency_of(actor, request.headers.get("Idempotency-Key"), asked),
        )
        active = runner.start(found.turn, found.active()) if found.turn is not None else None
    return Started(found.run_id, active, found.after)
