"""Run a turn that has begun: the graph, its events, and the record of what came of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import merge_configs

from assistants.exceptions import describe_failure
from assistants.graph.state import Reporter, TurnContext
from assistants.graph.turn import turn_graph
from assistants.messages import call_ids, text_of, without_open_calls
from assistants.runs.active import ActiveRun
from assistants.runs.citations import citations_of
from assistants.runs.deltas import DeltaGatherer
from assistants.runs.token_use import TokenUse
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
    turn: Turn,
    run: ActiveRun,
    *,
    more: Mapping[str, Any] | None = None,
    echo: Reporter | None = None,
    config: RunnableConfig | None = None,
) -> Outcome:
    """Run the turn to its end. Never raises for what the model or a tool does: that is the outcome's ``error``."""
    use = TokenUse()
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
    given = {**(more or {}), "input": turn.question}
    outcome = await _run_graph(turn, reporter, given, merge_configs(config, {"callbacks": [use]}))
    reporter.gatherer.flush()
    answer = _answer(outcome, reporter, use)
    if answer.citations:
        run.emit("citations", {"citations": list(answer.citations)})
    await _conclude(turn, run, answer)
    log.info("run ended", extra={**_facts(turn), "code": answer.error_code or None, "model": answer.model})
    return outcome


def _said(run: ActiveRun, piece: str) -> None:
    run.emit("message.delta", {"text": piece})


async def _run_graph(turn: Turn, reporter: RunReporter, given: dict[str, Any], config: RunnableConfig) -> Outcome:
    async def history() -> Sequence[BaseMessage]:
        return turn.history

    context = TurnContext(turn.assistant, history, reporter)
    try:
        with acting_as(turn.actor):
            async with asyncio.timeout(settings.ATRIUM_RUN_TIMEOUT):
                state = await turn_graph().ainvoke(given, config, context=context)
    except (Exception, asyncio.CancelledError) as error:
        log.warning("run failed", exc_info=error, extra={**_facts(turn), "code": describe_failure(error)[0]})
        return Outcome(error=error)
    return Outcome(state=state)


def _answer(outcome: Outcome, reporter: RunReporter, use: TokenUse) -> Answer:
    """What is kept of the turn: all of it, or of a failed one what was said until then."""
    spent: dict[str, Any] = {"tokens_in": use.tokens_in, "tokens_out": use.tokens_out, "model": use.model}
    if outcome.error is not None:
        code, detail = describe_failure(outcome.error)
        return Answer(messages=_until_failure(reporter), error_code=code, error_detail=detail, **spent)
    said = [message for message in reporter.messages if isinstance(message, AIMessage)]
    last = text_of(said[-1].content) if said else ""
    return Answer(
        messages=reporter.messages,
        waiting=outcome.state.get("waiting", ()),
        citations=citations_of(last, outcome.state.get("passages", ())),
        **spent,
    )


def _until_failure(reporter: RunReporter) -> list[BaseMessage]:
    """The complete messages, without tool calls that have no answer (no model accepts those), and the partial text."""
    whole = without_open_calls(reporter.messages)
    said = reporter.gatherer.text
    if not said and reporter.messages and call_ids(reporter.messages[-1]):
        said = text_of(reporter.messages[-1].content)  # what it said before it called the tools
    if said:
        whole.append(AIMessage(content=said, additional_kwargs={"partial": True}))
    return whole


async def _conclude(turn: Turn, run: ActiveRun, answer: Answer) -> None:
    """Store the outcome, then tell the followers. They are told even when storing fails."""
    try:
        kind, payload = await in_database(record_answer, turn, answer, list(run.events))
    except Exception as error:
        code, detail = describe_failure(error)
        log.exception("an answer could not be stored", extra=_facts(turn))
        kind, payload = "error", {"run_id": as_json_id(turn.run_id), "code": code, "detail": detail}
    run.emit(kind, payload)


def _facts(turn: Turn) -> dict[str, Any]:
    """What a log line about a run says of it; never what was said in it."""
    return {"run_id": as_json_id(turn.run_id), "actor_kind": turn.actor.kind, "assistant_id": turn.assistant.id}
