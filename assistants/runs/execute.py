"""Run a turn that has begun: the graph, its events, and the record of what came of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from langchain_core.messages import AIMessage, BaseMessage

from assistants.exceptions import describe_failure
from assistants.graph.state import Reporter, TurnContext
from assistants.graph.turn import turn_graph
from assistants.messages import text_of
from assistants.runs.active import ActiveRun
from assistants.runs.citations import citations_of
from assistants.runs.deltas import DeltaGatherer
from assistants.runs.turns import Answer, Turn, as_json_id
from assistants.use_cases.record_answer import record_answer
from tenants.actors import acting_as
from tenants.database import in_database

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """How a turn ended: the graph's last state, or the error that ended it."""

    state: Mapping[str, Any] = field(default_factory=dict)
    error: BaseException | None = None


class RunReporter(Reporter):
    """Makes events of what happens, and passes it on to the one who asked from Python, if any."""

    def __init__(self, run: ActiveRun, echo: Reporter | None = None) -> None:
        super().__init__()
        self._run = run
        self._echo = echo or Reporter()
        self.gatherer = DeltaGatherer(lambda piece: _said(run, piece))

    def text(self, piece: str) -> None:
        """Gather it into an event."""
        self.gatherer.add(piece)
        self._echo.text(piece)

    def message(self, message: BaseMessage) -> None:
        """The text before it is complete."""
        super().message(message)
        self.gatherer.flush()
        self.gatherer.text = ""
        self._echo.message(message)

    def tool_started(self, call: Mapping[str, Any]) -> None:
        """One event a call."""
        self._run.emit("tool.started", {"call_id": call["id"], "name": call["name"], "args": call["args"]})

    def tool_finished(self, call: Mapping[str, Any], error: str = "") -> None:
        """One event an answer; a failed step is recorded with its kind."""
        status = "failed" if error else "completed"
        self._run.emit(
            "tool.finished", {"call_id": call["id"], "name": call["name"], "status": status, "error_type": error}
        )


async def execute(
    turn: Turn, run: ActiveRun, *, more: Mapping[str, Any] | None = None, echo: Reporter | None = None
) -> Outcome:
    """Run the turn to its end. Never raises for what the model or a tool does: that is the outcome's ``error``."""
    reporter = RunReporter(run, echo)
    run.emit(
        "run.started",
        {
            "run_id": as_json_id(turn.run_id),
            "thread_id": as_json_id(turn.thread_id),
            "assistant_id": turn.assistant.id,
            "message_id": as_json_id(turn.question_id),
        },
    )
    outcome = await _run_graph(turn, reporter, more or {})
    reporter.gatherer.flush()
    answer = _answer(outcome, reporter)
    if answer.citations:
        run.emit("citations", {"citations": list(answer.citations)})
    await _conclude(turn, run, answer)
    return outcome


def _said(run: ActiveRun, piece: str) -> None:
    run.emit("message.delta", {"text": piece})


async def _run_graph(turn: Turn, reporter: RunReporter, more: Mapping[str, Any]) -> Outcome:
    async def history() -> Sequence[BaseMessage]:
        return turn.history

    context = TurnContext(turn.assistant, history, reporter)
    try:
        with acting_as(turn.actor):
            async with asyncio.timeout(settings.ATRIUM_RUN_TIMEOUT):
                state = await turn_graph().ainvoke({**more, "input": turn.question}, context=context)
    except (Exception, asyncio.CancelledError) as error:
        log.warning("run failed", exc_info=error, extra={"run_id": str(turn.run_id)})
        return Outcome(error=error)
    return Outcome(state=state)


def _answer(outcome: Outcome, reporter: RunReporter) -> Answer:
    """What is kept of the turn: all of it, or of a failed one what was said until then."""
    if outcome.error is not None:
        code, detail = describe_failure(outcome.error)
        return Answer(messages=_until_failure(reporter), error_code=code, error_detail=detail)
    said = [message for message in reporter.messages if isinstance(message, AIMessage)]
    used = [message.usage_metadata for message in said if message.usage_metadata]
    last = text_of(said[-1].content) if said else ""
    return Answer(
        messages=reporter.messages,
        waiting=outcome.state.get("waiting", ()),
        citations=citations_of(last, outcome.state.get("passages", ())),
        tokens_in=sum(usage["input_tokens"] for usage in used),
        tokens_out=sum(usage["output_tokens"] for usage in used),
        model=said[-1].response_metadata.get("model_name", "") if said else "",
    )


def _until_failure(reporter: RunReporter) -> list[BaseMessage]:
    """The complete messages, without tool calls that have no answer (no model accepts those), and the partial text."""
    answered = {getattr(message, "tool_call_id", None) for message in reporter.messages}
    whole = [
        message
        for message in reporter.messages
        if not isinstance(message, AIMessage) or all(call["id"] in answered for call in message.tool_calls)
    ]
    if reporter.gatherer.text:
        whole.append(AIMessage(content=reporter.gatherer.text, additional_kwargs={"partial": True}))
    return whole


async def _conclude(turn: Turn, run: ActiveRun, answer: Answer) -> None:
    """Store the outcome, then tell the followers. They are told even when storing fails."""
    try:
        kind, payload = await in_database(record_answer, turn, answer, list(run.events))
    except Exception as error:
        code, detail = describe_failure(error)
        run_id = as_json_id(turn.run_id)
        log.exception("an answer could not be stored", extra={"run_id": run_id})
        kind, payload = "error", {"run_id": run_id, "code": code, "detail": detail}
    run.emit(kind, payload)
