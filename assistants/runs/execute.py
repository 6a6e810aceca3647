"""Run a turn that has begun: the graph, its events, and the record of what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import merge_configs

from assistants.access import ThreadNotFound
from assistants.citing.citations import citations_in_object, citations_of
from assistants.citing.numbering import NumberedPassages
from assistants.citing.speech import with_places
from assistants.exceptions import describe_failure, describe_for_admin
from assistants.graph.state import Reporter, TurnContext
from assistants.graph.turn import turn_graph
from assistants.llm.prices import rounded
from assistants.messages import call_ids, storable, text_of, without_open_calls
from assistants.models import Thread
from assistants.runs.active import ActiveRun
from assistants.runs.decisions import shown_decisions
from assistants.runs.deltas import DeltaGatherer
from assistants.runs.event_log import event_log
from assistants.runs.events import Event, EventType
from assistants.runs.held import LOST, holding
from assistants.runs.keeper import let_go
from assistants.runs.receipts import Receipt, columns_of, merged, receipt_of
from assistants.runs.storage import LeaseLost
from assistants.runs.timeline import Timeline
from assistants.runs.token_use import TokenUse
from assistants.runs.turns import Answer, Turn, as_json_id
from assistants.use_cases.record_answer import record_answer
from tenants.actors import acting_as
from tenants.budgets.store import settle
from tenants.context import require_tenant
from tenants.credentials.in_force import aproviders, using
from tenants.database import in_database

log = logging.getLogger(__name__)

CANCELLED, HANDOVER = "cancelled", "handover"
PATIENCE = 60.0  # seconds that a finished answer waits for the database
RETRY_AFTER = 0.5  # seconds


@dataclass(frozen=True)
class Outcome:
    """How a turn ended: the graph's last state, or the error that ended it."""

    state: Mapping[str, Any] = field(default_factory=dict)
    error: BaseException | None = None


class RunReporter(Reporter):
    """Makes events of what happens, and passes it on to the one who asked from Python, if any."""

    def __init__(self, run: ActiveRun, run_id: Any, echo: Reporter | None = None) -> None:
        super().__init__()
        self._run = run
        self._run_id = run_id
        self._echo = echo or Reporter()
        self.timeline = Timeline()
        self.gatherer = DeltaGatherer(lambda piece: _said(run, piece))
        self.structured: Any = None
        """The object of the wanted structure as JSON, once it is there."""
        self.passages = NumberedPassages()
        """All that the model is given to cite."""

    def prepared(self, system: str, *, searches: bool) -> None:
        """A step for the receipt."""
        self.timeline.prepared(system, searches)

    def found(self, passages: Sequence[Document]) -> None:
        """A step, and the passages, for the receipt."""
        self.timeline.found(passages)

    def found_by_tool(self, passages: Sequence[Document]) -> None:
        """For the receipt."""
        self.timeline.found_by_tool(passages)

    def markers_removed(self, number: int) -> None:
        """For the receipt."""
        self.timeline.removed_markers += number

    def grounding(self, verdict: str) -> None:
        """For the receipt."""
        self.timeline.grounding = verdict

    def text(self, piece: str) -> None:
        """Gather it into an event."""
        self.gatherer.add(piece)
        self._echo.text(piece)

    def message(self, message: BaseMessage) -> None:
        """The text before it is complete."""
        super().message(message)
        self.gatherer.flush()
        self.gatherer.text = ""
        if isinstance(message, ToolMessage):
            self.timeline.tool_said(message)
        self._echo.message(message)

    def output(self, found: Any) -> None:
        """One event, as a whole: half of an object is of no use to a program."""
        self.structured = storable(found)
        self._run.emit("output", {"output": self.structured})

    def tool_started(self, call: Mapping[str, Any]) -> None:
        """One event a call, and a step."""
        self.timeline.tool_started(call)
        self._run.emit("tool.started", {"call_id": call["id"], "name": call["name"], "args": call["args"]})

    async def recorded(self) -> None:
        """In the event log: from there another process knows what was begun."""
        await event_log.stored(require_tenant(), self._run_id)

    def tool_finished(self, call: Mapping[str, Any], error: str = "") -> None:
        """One event an answer; a failed step is recorded with its kind."""
        self.timeline.tool_finished(call, error)
        status = "failed" if error else "completed"
        self._run.emit(
            "tool.finished", {"call_id": call["id"], "name": call["name"], "status": status, "error_type": error}
        )


async def execute(
    turn: Turn,
    run: ActiveRun,
    *,
    more: Mapping[str, Any] | None = None,
    echo: Reporter | None = None,
    config: RunnableConfig | None = None,
) -> Outcome:
    """Run the turn to its end. Never raises for what the model or a tool does: that is the outcome's ``error``."""
    with holding(turn.run_id, run):
        return await _execute(turn, run, more, echo, config)


async def _execute(
    turn: Turn,
    run: ActiveRun,
    more: Mapping[str, Any] | None,
    echo: Reporter | None,
    config: RunnableConfig | None,
) -> Outcome:
    reporter = RunReporter(run, turn.run_id, echo)
    use = TokenUse(reporter.timeline, lambda: run.stopped_by == CANCELLED)
    if run.begins_with == "run.resumed":
        reporter.timeline.waited()
    tenant = require_tenant()
    run.listen(lambda event: event_log.keep(tenant, turn.run_id, event))
    run.emit(run.begins_with, _beginning(turn, run.begins_with))
    given = {**(more or {}), "input": turn.question}
    if turn.so_far:
        given["messages"] = list(turn.so_far)
        reporter.passages.restore(turn.found)
    outcome = await _run_graph(turn, reporter, given, merge_configs(config, {"callbacks": [use]}))
    run.is_ending = True
    use.close()
    reporter.gatherer.flush()  # and stop its timer: a late event would take a number that is another's by then
    if run.stopped_by in (HANDOVER, LOST):  # another process goes on with it
        await _hand_over(turn, run)
        return outcome
    answer = _answer(turn, outcome, reporter, merged(turn.receipt, receipt_of(reporter.timeline, use)))
    answer = replace(answer, counted_tokens=use.counted_tokens, counted_cost=rounded(use.counted_cost))
    if run.stopped_by == CANCELLED:
        answer = replace(answer, cancelled=True, error_code="", error_detail="", error_detail_admin="")
    if answer.citations:
        run.emit("citations", {"citations": list(answer.citations)})
    await _conclude(turn, run, answer)
    log.info("run ended", extra={**_facts(turn), "code": answer.error_code or None, "model": answer.model})
    return outcome


async def _hand_over(turn: Turn, run: ActiveRun) -> None:
    run.stop_listening()
    try:
        if run.stopped_by == HANDOVER:
            await event_log.settle(require_tenant(), turn.run_id)
        else:
            await event_log.take(require_tenant(), turn.run_id)  # the one that has taken the run cannot know of these
    finally:
        run.hand_over()


def _beginning(turn: Turn, kind: EventType) -> dict[str, Any]:
    again = {} if turn.replaces is None else {"replaces": as_json_id(turn.replaces)}
    decided = {"decisions": shown_decisions(turn.decisions)} if kind == "run.resumed" else {}
    return {
        **again,
        "run_id": as_json_id(turn.run_id),
        "thread_id": as_json_id(turn.thread_id),
        "assistant_id": turn.assistant.id,
        "message_id": as_json_id(turn.question_id),
        **decided,
    }


def _said(run: ActiveRun, piece: str) -> None:
    run.emit("message.delta", {"text": piece})


async def _run_graph(turn: Turn, reporter: RunReporter, given: dict[str, Any], config: RunnableConfig) -> Outcome:
    async def history() -> Sequence[BaseMessage]:
        return turn.history

    context = TurnContext(
        turn.assistant,
        history,
        reporter,
        decisions=turn.decisions,
        from_client=turn.from_client,
        passages=reporter.passages,
    )
    try:
        with acting_as(turn.actor), using(await aproviders()):
            async with asyncio.timeout(settings.ATRIUM_RUN_TIMEOUT):
                state = await turn_graph().ainvoke(given, config, context=context)
    except (Exception, asyncio.CancelledError) as error:
        log.warning("run failed", exc_info=error, extra={**_facts(turn), "code": describe_failure(error)[0]})
        return Outcome(error=error)
    return Outcome(state=state)


def _answer(turn: Turn, outcome: Outcome, reporter: RunReporter, receipt: Receipt) -> Answer:
    """What is kept of the turn: all of it, or of a failed one what was said until then."""
    spent: dict[str, Any] = {**columns_of(receipt), "receipt": receipt}
    if outcome.error is not None:
        code, detail = describe_failure(outcome.error)
        messages, cited = _cited(_until_failure(turn, reporter), reporter)
        return Answer(
            messages=messages,
            cited=cited,
            error_code=code,
            error_detail=detail,
            error_detail_admin=describe_for_admin(outcome.error),
            **spent,
        )
    messages, cited = _cited(reporter.messages, reporter)
    return Answer(
        messages=messages,
        cited=cited,
        waiting=outcome.state.get("waiting", ()),
        output=reporter.structured,
        **spent,
    )


def _cited(
    messages: Sequence[BaseMessage], reporter: RunReporter
) -> tuple[list[BaseMessage], list[list[dict[str, Any]]]]:
    """The messages, those of the model with the places of their markers, and what each of them cites."""
    cited = [_citations(message, reporter) for message in messages]
    return [with_places(message, found) for message, found in zip(messages, cited, strict=True)], cited


def _citations(message: BaseMessage, reporter: RunReporter) -> list[dict[str, Any]]:
    if not isinstance(message, AIMessage) or not len(reporter.passages):
        return []
    if message.additional_kwargs.get("structured_output"):
        return citations_in_object(reporter.structured, reporter.passages)
    return citations_of(text_of(message.content), reporter.passages)


def _until_failure(turn: Turn, reporter: RunReporter) -> list[BaseMessage]:
    """The complete messages, without tool calls that have no answer (no model accepts those), and the partial text."""
    # Of a run that went on, the first messages may answer calls of what is stored already.
    stored = {id(message) for message in turn.so_far}
    kept = without_open_calls([*turn.so_far, *reporter.messages])
    whole = [message for message in kept if id(message) not in stored]
    said = reporter.gatherer.text
    if not said and reporter.messages and call_ids(reporter.messages[-1]):
        said = text_of(reporter.messages[-1].content)  # what it said before it called the tools
    if said:
        whole.append(AIMessage(content=said, additional_kwargs={"partial": True}))
    return whole


async def _conclude(turn: Turn, run: ActiveRun, answer: Answer) -> None:
    """Store the outcome, then tell the followers. They are told even when storing fails."""
    run.stop_listening()  # the last events go with the answer
    try:
        events = await event_log.take(require_tenant(), turn.run_id)
        kind, payload = await _stored(turn, answer, events, run.last_sequence)
    except LeaseLost:
        log.warning("an answer is not stored: another process has the run, or has ended it", extra=_facts(turn))
        run.hand_over()
        return
    except Exception as error:
        code, detail = await _why_not_stored(turn, error)
        await _let_go(turn, answer)
        kind, payload = "error", {"run_id": as_json_id(turn.run_id), "code": code, "detail": detail}
    run.emit(kind, payload)


async def _why_not_stored(turn: Turn, error: Exception) -> tuple[str, str]:
    """The code and the text for the one who asked. A conversation that was deleted meanwhile is no failure of ours."""
    if isinstance(error, IntegrityError) and not await in_database(Thread.objects.filter(pk=turn.thread_id).exists):
        log.info("an answer is not stored: its conversation was deleted", extra=_facts(turn))
        return describe_failure(ThreadNotFound())
    log.error("an answer could not be stored", exc_info=error, extra=_facts(turn))
    return describe_failure(error)


async def _stored(turn: Turn, answer: Answer, events: Sequence[Event], last: int) -> tuple[EventType, dict[str, Any]]:
    """The final event, stored; patient with a database that is away for a moment, because the model has spoken."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return await in_database(record_answer, turn, answer, events, last)
        except (OperationalError, InterfaceError) as error:
            if time.monotonic() > deadline:
                raise
            log.warning("an answer waits for the database", extra={**_facts(turn), "error": type(error).__name__})
            await asyncio.sleep(RETRY_AFTER)


async def _let_go(turn: Turn, answer: Answer) -> None:
    """Leave the run to the next beat of any process, which ends it: nothing may stay "running" for ever. What it has
    used is counted here, where it is known: its thread may be gone, and the run with it."""
    with contextlib.suppress(DatabaseError):  # then the lease grows old by itself, when this process ends
        await in_database(settle, str(turn.run_id), answer.counted_tokens, answer.counted_cost)
        await in_database(let_go, turn.run_id)


def _facts(turn: Turn) -> dict[str, Any]:
    """What a log line about a run says of it; never what was said in it."""
    return {"run_id": as_json_id(turn.run_id), "actor_kind": turn.actor.kind, "assistant_id": turn.assistant.id}
