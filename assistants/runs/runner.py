"""Runs turns. A run belongs to the server and not to the connection: a client that goes away changes nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from langchain_core.messages import AIMessage, BaseMessage

from assistants.exceptions import describe_failure
from assistants.graph.state import TurnContext
from assistants.graph.turn import turn_graph
from assistants.models.thread import text_of
from assistants.runs.active import ActiveRun
from assistants.runs.citations import citations_of
from assistants.runs.deltas import DeltaGatherer
from assistants.runs.turns import Answer, Turn, as_json_id
from assistants.use_cases.record_answer import record_answer
from tenants.database import in_database

log = logging.getLogger(__name__)

DRAIN_TIMEOUT = 30.0  # seconds that running answers get when the server stops


class Runner:
    """The runs of this process."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, turn: Turn) -> ActiveRun:
        """Begin the turn's run in a task of its own, in the caller's tenant context."""
        run = ActiveRun()
        task = asyncio.create_task(self._execute(turn, run), name=f"run {turn.run_id}")
        self._tasks.add(task)  # the loop itself keeps only a weak reference
        task.add_done_callback(self._tasks.discard)
        return run

    async def drain(self) -> None:
        """Wait for the runs under way; those that take longer are ended as failed, with what they have."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(set(self._tasks), timeout=DRAIN_TIMEOUT)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _execute(self, turn: Turn, run: ActiveRun) -> None:
        run.emit(
            "run.started",
            {
                "run_id": as_json_id(turn.run_id),
                "thread_id": as_json_id(turn.thread_id),
                "assistant_id": turn.assistant.id,
                "message_id": as_json_id(turn.question_id),
            },
        )
        text = DeltaGatherer(lambda piece: _said(run, piece))
        answer = await _answer(turn, text)
        text.flush()
        if answer.citations:
            run.emit("citations", {"citations": list(answer.citations)})
        await _conclude(turn, run, answer)


def _said(run: ActiveRun, piece: str) -> None:
    run.emit("message.delta", {"text": piece})


async def _answer(turn: Turn, text: DeltaGatherer) -> Answer:
    """Run the graph. Whatever goes wrong becomes an answer that says so and keeps what was said until then."""

    async def history() -> Sequence[BaseMessage]:
        return turn.history

    context = TurnContext(assistant=turn.assistant, history=history, on_text=text.add)
    try:
        async with asyncio.timeout(settings.ATRIUM_RUN_TIMEOUT):
            state = await turn_graph().ainvoke({"question": turn.question}, context=context)
    except (Exception, asyncio.CancelledError) as error:
        text.flush()
        code, detail = describe_failure(error)
        log.warning("run failed", exc_info=error, extra={"run_id": str(turn.run_id), "code": code})
        partial = [AIMessage(content=text.text, additional_kwargs={"partial": True})] if text.text else []
        return Answer(messages=partial, error_code=code, error_detail=detail)
    return _complete(state)


def _complete(state: dict[str, Any]) -> Answer:
    messages = state["messages"]
    last = messages[-1]
    usage = last.usage_metadata or {}
    return Answer(
        messages=messages,
        passages=state["passages"],
        citations=citations_of(text_of(last.content), state["passages"]),
        tokens_in=usage.get("input_tokens", 0),
        tokens_out=usage.get("output_tokens", 0),
        model=last.response_metadata.get("model_name", ""),
    )


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


runner = Runner()
