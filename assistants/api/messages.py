"""A thread's messages over HTTP. Posting one runs the assistant: as a whole, or as a stream of events."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from ninja import Router
from ninja.responses import Status

from assistants.api import schemas
from assistants.exceptions import ModelFailedError
from assistants.presentation import message_as_json
from assistants.runs import sse
from assistants.runs.active import ActiveRun
from assistants.runs.runner import runner
from assistants.use_cases import threads
from assistants.use_cases.begin_turn import begin_turn
from tenants.actors import Actor
from tenants.api.auth import actor_of
from tenants.database import in_database

router = Router()


@router.get(
    "/threads/{thread_id}/messages/",
    response=list[schemas.ThreadMessage],
    operation_id="ai_list_thread_messages",
)
async def list_messages(request: HttpRequest, thread_id: str) -> list[dict[str, Any]]:
    """The conversation, oldest first."""
    return await in_database(_messages, actor_of(request), thread_id)


@router.post(
    "/threads/{thread_id}/messages/",
    response={201: list[schemas.ThreadMessage]},
    operation_id="ai_create_thread_message",
    openapi_extra={
        "responses": {
            200: {
                "description": "With `Accept: text/event-stream`: the run's events as they happen",
                "content": {sse.CONTENT_TYPE: {"schema": {"type": "string"}}},
            }
        }
    },
)
async def create_message(
    request: HttpRequest, thread_id: str, payload: schemas.ThreadMessageIn
) -> Status | HttpResponseBase:
    """Ask the assistant. Everything that can be refused is refused before the first byte."""
    turn = await in_database(
        begin_turn,
        actor_of(request),
        thread_id,
        payload.assistant_id,
        payload.content,
        user=getattr(request, "user", None),
        request=request,
    )
    run = runner.start(turn)
    if sse.CONTENT_TYPE in request.headers.get("Accept", ""):
        return StreamingHttpResponse(sse.frames(run.follow()), content_type=sse.CONTENT_TYPE, headers=sse.HEADERS)
    return Status(201, await _messages_of(run))


@router.delete(
    "/threads/{thread_id}/messages/{message_id}/",
    response={204: None},
    operation_id="ai_delete_thread_message",
)
async def delete_message(request: HttpRequest, thread_id: str, message_id: str) -> Status:
    """Delete one message."""
    await in_database(threads.delete_message, actor_of(request), thread_id, message_id)
    return Status(204, None)


def _messages(actor: Actor, thread_id: str) -> list[dict[str, Any]]:
    return [message_as_json(row) for row in threads.list_messages(actor, thread_id)]


async def _messages_of(run: ActiveRun) -> list[dict[str, Any]]:
    final = await run.last()
    if final.type == "error":
        facts = final.payload
        raise ModelFailedError(facts["detail"], code=facts["code"], run_id=facts["run_id"])
    return final.payload["messages"]
