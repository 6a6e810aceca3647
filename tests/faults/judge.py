"""What must hold after a fault, asked of the database, of the model's journal and of what clients have heard.

Every function returns sentences, each about something that is wrong; nothing is wrong where there are none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.faults.chatter import FINAL, Asked
from tests.faults.database import Database
from tests.faults.model import words_of
from tests.sse import read_events

ENDED = {"completed", "failed", "cancelled"}


@dataclass(frozen=True)
class StoredRun:
    """A run and what belongs to it, as the database has it."""

    id: str
    status: str
    error_code: str
    tokens: tuple[int, int]
    questions: list[str]
    """Content of the person's messages that name this run."""
    answers: list[tuple[str, bool]]
    """Text of the answers, and whether each is marked as partial."""
    events: list[tuple[int, str]]
    leases: int

    @property
    def was_taken_over(self) -> bool:
        return any(kind == "run.restarted" for _, kind in self.events)

    @property
    def outcome(self) -> str:
        """In a word or two, for the table."""
        if self.status == "failed":
            return f"failed: {self.error_code}"
        return "completed by another process" if self.was_taken_over else self.status


def active_runs(database: Database, schemas: Sequence[str]) -> int:
    """How many runs have not ended."""
    counted = "SELECT count(*) FROM {}.assistants_run WHERE status IN ('queued', 'running', 'waiting')"
    return sum(database.ask(counted.format(schema))[0][0] for schema in schemas)


def stored_runs(database: Database, asked: Asked) -> list[StoredRun]:
    """The runs in the question's thread, where nothing else was asked yet: there should be one."""
    schema = asked.tenant.schema
    facts = "id, status, error_code, tokens_in, tokens_out"
    rows = database.ask(f"SELECT {facts} FROM {schema}.assistants_run WHERE thread_id = %s", asked.thread)
    return [_stored_run(database, schema, row) for row in rows]


def _stored_run(database: Database, schema: str, row: tuple[Any, ...]) -> StoredRun:
    run_id, status, error_code, *tokens = row
    said = [
        message
        for (message,) in database.ask(
            f"SELECT message FROM {schema}.assistants_message WHERE run_id = %s ORDER BY created_at", run_id
        )
    ]
    events = f"SELECT sequence, type FROM {schema}.assistants_runevent WHERE run_id = %s ORDER BY sequence"
    leases = "SELECT count(*) FROM assistants_runlease WHERE schema_name = %s AND run_id = %s"
    return StoredRun(
        id=str(run_id),
        status=status,
        error_code=error_code,
        tokens=(tokens[0], tokens[1]),
        questions=[message["data"]["content"] for message in said if message["type"] == "human"],
        answers=[
            (message["data"]["content"], bool(message["data"].get("additional_kwargs", {}).get("partial")))
            for message in said
            if message["type"] == "ai"
        ],
        events=database.ask(events, run_id),
        leases=database.ask(leases, schema, str(run_id))[0][0],
    )


def wrong_with(asked: Asked, runs: Sequence[StoredRun], calls: Sequence[dict[str, Any]], *, exact: bool) -> list[str]:
    """All that is wrong with a question's run. ``calls`` are the model's, about this question; ``exact``: no process
    died, so that each call that the model completed must have been counted."""
    if not runs:
        return [f"the accepted question {asked.order.id} has no run"] if asked.accepted else []
    if len(runs) > 1:
        return [f"{len(runs)} runs for one question"]
    [run] = runs
    found = [*_question(asked, run), *_end(run), *_answer(asked, run), *_bill(run, calls, exact=exact)]
    if asked.problem:
        found.append(f"the client was told: {asked.problem}")
    return [f"{asked.way} {asked.order.id} ({run.outcome}): {text}" for text in found]


def _question(asked: Asked, run: StoredRun) -> Iterator[str]:
    if run.questions != [asked.content]:
        yield f"the person's message is there {len(run.questions)} times"
    if asked.run_id and asked.run_id != run.id:
        yield f"the client was told of another run: {asked.run_id}"


def _end(run: StoredRun) -> Iterator[str]:
    if run.status not in ENDED:
        yield f"it is still {run.status}"
    finals = [number for number, kind in run.events if kind in FINAL]
    if finals != [number for number, _ in run.events[-1:]]:
        yield f"its log does not end with the one final event: {[kind for _, kind in run.events]}"
    if run.leases:
        yield "its lease is left"


def _answer(asked: Asked, run: StoredRun) -> Iterator[str]:
    right = "".join(words_of(asked.order))
    if len(run.answers) > 1:
        yield f"it has {len(run.answers)} answers"
    if run.status == "completed" and run.answers != [(right, False)]:
        yield f"its answer is not what the model said: {str(run.answers)[:200]}"
    if run.status != "completed" and any(not partial or not right.startswith(text) for text, partial in run.answers):
        yield f"what is kept of its answer is not the beginning, or not marked: {str(run.answers)[:200]}"


def _bill(run: StoredRun, calls: Sequence[dict[str, Any]], *, exact: bool) -> Iterator[str]:
    completed = [(call["tokens_in"], call["tokens_out"]) for call in calls if call["event"] == "completed"]
    free = [] if run.status == "completed" else [(0, 0)]
    if run.tokens not in completed + free:
        yield f"{run.tokens} tokens are on its bill; the model's completed calls: {completed}"
    if exact and (sum(tokens for tokens, _ in completed), sum(tokens for _, tokens in completed)) != run.tokens:
        yield f"{run.tokens} tokens are on its bill, and all of the model's completed calls are {completed}"


def wrong_with_stream(asked: Asked, log: str) -> list[str]:
    """What a client has heard, over all of its connections, against the log: the same to the byte.

    Events that a process sent and could not store before it died are the exception: the answer begins again after
    them, with ``run.restarted``.
    """
    if asked.out_of_order:
        return ["events came out of order"]
    stored = {int(read_events(frame)[0].id): frame for frame in log.split("\n\n") if frame.strip()}
    found = [
        f"event {number} was heard otherwise than it is stored"
        for number, frame in asked.frames.items()
        if number in stored and stored[number] != frame
    ]
    restarts = [number for number, frame in stored.items() if read_events(frame)[0].type == "run.restarted"]
    counts = max(restarts, default=0)  # what came before the answer began again is void
    found += [f"event {number} was never heard" for number in stored if number >= counts and number not in asked.frames]
    found += [
        f"event {number} is not in the log" for number in asked.frames if number >= counts and number not in stored
    ]
    return found
