"""A thread's messages over HTTP. Posting one runs the assistant: as a whole, or as a stream of events."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from ninja import Query, Router
from ninja.responses import Status

from assistants.access import message_for
from assistants.api import schemas
from assistants.api.headers import begins_run
from assistants.api.pages import After, Limit
from assistants.api.rendering import json_response
from assistants.api.turns import Started, begin
from assistants.callers import Caller
from assistants.exceptions import ModelFailedError
from assistants.paging import DEFAULT_LIMIT, Order, Page
from assistants.presentation import message_as_json
from assistants.runs import sse
from assistants.use_cases import messages
from assistants.use_cases import open_citation as cited
from assistants.use_cases.open_citation import OpenedCitation
from tenants.api.pages import LINK_HEADER, link_next_page
from tenants.api.scopes import needs_scope
from tenants.database import in_database
from tenants.scopes import CHAT, THREADS_READ, THREADS_WRITE

router = Router()


InOrder = Annotated[Order, Query(description="`asc`: oldest first. `desc`: newest first.")]


@router.get(
    "/threads/{thread_id}/messages/",
    response=list[schemas.ThreadMessage],
    operation_id="ai_list_thread_messages",
    openapi_extra=LINK_HEADER,
)
@needs_scope(THREADS_READ)
async def list_messages(
    request: HttpRequest,
    thread_id: str,
    limit: Limit = DEFAULT_LIMIT,
    after: After = "",
    order: InOrder = "asc",
) -> HttpResponse:
    """What was said in the thread, oldest first unless asked otherwise."""
    page = Page(limit, after or None, order)
    listed = await in_database(messages.list_messages, Caller.of_request(request), thread_id, page)
    response = json_response([message_as_json(row) for row in listed.rows])
    link_next_page(request, response, listed)
    return response


@router.post(
    "/threads/{thread_id}/messages/",
    response={201: list[schemas.ThreadMessage]},
    operation_id="ai_create_thread_message",
    openapi_extra=begins_run("With `Accept: text/event-stream`: the run's events as they happen"),
)
@needs_scope(CHAT)
async def create_message(
    request: HttpRequest, thread_id: str, payload: schemas.ThreadMessageIn
) -> Status | HttpResponseBase:
    """Ask the assistant. Everything that can be refused is refused before the first byte."""
    started = await begin(request, thread_id, payload.assistant_id, payload.content)
    if sse.CONTENT_TYPE in request.headers.get("Accept", ""):
        frames = sse.frames(started.events())
        return StreamingHttpResponse(frames, content_type=sse.CONTENT_TYPE, headers=sse.HEADERS)
    return Status(201, await _messages_of(started))


@router.delete(
    "/threads/{thread_id}/messages/{message_id}/",
    response={204: None},
    operation_id="ai_delete_thread_message",
)
@needs_scope(THREADS_WRITE)
async def delete_message(request: HttpRequest, thread_id: str, message_id: str) -> Status:
    """Delete one message."""
    await in_database(_delete, Caller.of_request(request), thread_id, message_id)
    return Status(204, None)


@router.get(
    "/threads/{thread_id}/messages/{message_id}/citations/{number}/",
    response=schemas.OpenedCitation,
    operation_id="ai_open_citation",
)
@needs_scope(THREADS_READ)
async def open_citation(request: HttpRequest, thread_id: str, message_id: str, number: int) -> OpenedCitation:
    """The passage that an answer cites as [number]: for everybody who may view the conversation."""
    return await in_database(cited.open_citation, Caller.of_request(request), thread_id, message_id, number)


def _delete(caller: Caller, thread_id: str, message_id: str) -> None:
    messages.delete_message(caller, message_for(caller, thread_id, message_id))


async def _messages_of(started: Started) -> list[dict[str, Any]]:
    final = await started.final()
    if final.type == "error":
        facts = final.payload
        raise ModelFailedError(facts["detail"], code=facts["code"], run_id=facts["run_id"])
    return final.payload["messages"]
