"""A turn in a thread, asked from Python: stored and run like one that came over HTTP, and awaited."""

from __future__ import annotations

from typing import Any

from langchain_core.runnables import RunnableConfig

from assistants.assistants import AIAssistant
from assistants.graph.state import Reporter
from assistants.runs.active import ActiveRun
from assistants.runs.execute import execute
from assistants.use_cases.approvals import Resumption
from assistants.use_cases.begin_turn import begin_unchecked_turn
from tenants.database import in_database


async def ask_in_thread(
    assistant: AIAssistant,
    thread_id: Any,
    given: dict[str, Any],
    reporter: Reporter,
    config: RunnableConfig | None = None,
) -> dict[str, Any]:
    """Ask in the thread. Nothing is checked but the question itself: the caller is the project's own code.

    Raises what made the run fail; by then the question, what was said until then, and the failed run are stored.
    """
    turn = await in_database(begin_unchecked_turn, assistant, thread_id, given["input"])
    outcome = await execute(turn, ActiveRun(), more=given, echo=reporter, config=config)
    if outcome.error is not None:
        raise outcome.error
    return {**given, **outcome.state, "run_id": turn.run_id}


async def go_on_in_thread(found: Resumption) -> dict[str, Any]:
    """Run a waiting run on, and return what ``ask_in_thread`` does. Raises what makes it fail, as that does."""
    assert found.turn is not None  # without an idempotency key, nobody has made it go on before
    outcome = await execute(found.turn, found.active())
    if outcome.error is not None:
        raise outcome.error
    return {"input": found.turn.question, **outcome.state, "run_id": found.run_id}
