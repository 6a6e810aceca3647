"""Answers over HTTP: the others to the same question, and what people say of them."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from assistants.api.runs import RunOut
from assistants.api.schemas import ThreadMessage
from assistants.callers import Caller
from assistants.presentation import message_as_json
from assistants.use_cases import feedback, other_answers, runs
from tenants.api.scopes import needs_scope
from tenants.database import in_database
from tenants.scopes import CHAT, THREADS_READ

router = Router()
RUNS, MESSAGES = ["runs"], ["messages"]


class AnswerOut(RunOut):
    """A run, and what it said."""

    shown: bool = Field(description="True for the answer that is in the thread now; one at the most.")
    messages: list[ThreadMessage] = Field(description="What people read of it, without the question.")


class FeedbackIn(Schema):
    """What you say of an answer."""

    thumb: Literal["up", "down"]
    # Without a default in the document, as in ``schemas.ThreadIn``.
    text: str = Field(default_factory=str, description=f"At most {feedback.LONGEST_FEEDBACK:,} characters.")


@router.get("/runs/{run_id}/variants/", response=list[AnswerOut], operation_id="ai_list_run_variants", tags=RUNS)
@needs_scope(THREADS_READ)
async def list_variants(request: HttpRequest, run_id: str) -> list[dict[str, Any]]:
    """All answers to the question of this run, oldest first: also those that failed."""
    return await in_database(_answers, Caller.of_request(request), run_id)


@router.post("/runs/{run_id}/show/", response=list[AnswerOut], operation_id="ai_show_run", tags=RUNS)
@needs_scope(CHAT)
async def show_run(request: HttpRequest, run_id: str) -> list[dict[str, Any]]:
    """Show this run's answer in the thread, in the place of the others to its question. The model reads it so, too."""
    return await in_database(_show, Caller.of_request(request), run_id)


@router.put(
    "/threads/{thread_id}/messages/{message_id}/feedback/",
    response=ThreadMessage,
    operation_id="ai_give_feedback",
    tags=MESSAGES,
)
@needs_scope(CHAT)
async def give_feedback(request: HttpRequest, thread_id: str, message_id: str, payload: FeedbackIn) -> dict[str, Any]:
    """Say of an answer whether it was good. It takes the place of what you said before."""
    caller = Caller.of_request(request)
    return await in_database(_give_feedback, caller, thread_id, message_id, payload)


@router.delete(
    "/threads/{thread_id}/messages/{message_id}/feedback/",
    response={204: None},
    operation_id="ai_take_feedback_back",
    tags=MESSAGES,
)
@needs_scope(CHAT)
async def take_feedback_back(request: HttpRequest, thread_id: str, message_id: str) -> Status:
    """Take back what you said of an answer."""
    await in_database(feedback.take_feedback_back, Caller.of_request(request), thread_id, message_id)
    return Status(204, None)


def _answers(caller: Caller, run_id: str) -> list[dict[str, Any]]:
    return [
        {
            **runs.run_as_json(caller.actor, answer.run),
            "shown": answer.is_shown,
            "messages": [message_as_json(message) for message in answer.messages],
        }
        for answer in other_answers.list_answers(caller, run_id)
    ]


def _show(caller: Caller, run_id: str) -> list[dict[str, Any]]:
    other_answers.show(caller, run_id)
    return _answers(caller, run_id)


def _give_feedback(caller: Caller, thread_id: str, message_id: str, given: FeedbackIn) -> dict[str, Any]:
    return message_as_json(feedback.give_feedback(caller, thread_id, message_id, given.thumb, given.text))
