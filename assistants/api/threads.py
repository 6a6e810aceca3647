"""Assistants and threads over HTTP: parse, call, return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.responses import Status

from assistants.access import thread_for
from assistants.api import schemas
from assistants.api.pages import After, Limit
from assistants.assistants import AIAssistant
from assistants.callers import Caller
from assistants.models import Thread
from assistants.paging import DEFAULT_LIMIT, Page
from assistants.use_cases import threads
from tenants.api.pages import LINK_HEADER, link_next_page
from tenants.api.scopes import needs_scope
from tenants.database import in_database
from tenants.scopes import CHAT, THREADS_READ, THREADS_WRITE

router = Router()
THREADS = ["threads"]


@router.get("/assistants/", response=list[schemas.Assistant], operation_id="ai_list_assistants")
@needs_scope(CHAT)
async def list_assistants(request: HttpRequest) -> list[Any]:
    """The assistants that you may use, by name."""
    return [_shown(assistant) for assistant in await in_database(threads.list_assistants, Caller.of_request(request))]


@router.get("/assistants/{assistant_id}/", response=schemas.Assistant, operation_id="ai_get_assistant")
@needs_scope(CHAT)
async def get_assistant(request: HttpRequest, assistant_id: str) -> Any:
    """One assistant."""
    return _shown(await in_database(threads.get_assistant, Caller.of_request(request), assistant_id))


@router.get(
    "/threads/", response=list[schemas.Thread], operation_id="ai_list_threads", tags=THREADS, openapi_extra=LINK_HEADER
)
@needs_scope(THREADS_READ)
async def list_threads(
    request: HttpRequest,
    response: HttpResponse,
    assistant_id: str | None = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After = "",
) -> list[Thread]:
    """Your threads, newest first; those of one assistant, if you name it."""
    page = Page(limit, after or None, "desc")
    listed = await in_database(threads.list_threads, Caller.of_request(request), assistant_id or "", page)
    link_next_page(request, response, listed)
    return listed.rows


@router.post(
    "/threads/", response={200: schemas.Thread, 201: schemas.Thread}, operation_id="ai_create_thread", tags=THREADS
)
@needs_scope(CHAT)
async def create_thread(request: HttpRequest, payload: schemas.ThreadIn) -> Status:
    """A new thread: 201."""
    caller = Caller.of_request(request)
    thread = await in_database(threads.create_thread, caller, payload.name, payload.assistant_id or "")
    return Status(201, thread)


@router.get("/threads/{thread_id}/", response=schemas.Thread, operation_id="ai_get_thread", tags=THREADS)
@needs_scope(THREADS_READ)
async def get_thread(request: HttpRequest, thread_id: str) -> Thread:
    """One thread."""
    return await in_database(threads.get_thread, Caller.of_request(request), thread_id)


@router.patch("/threads/{thread_id}/", response=schemas.Thread, operation_id="ai_update_thread", tags=THREADS)
@needs_scope(THREADS_WRITE)
async def update_thread(request: HttpRequest, thread_id: str, payload: schemas.ThreadIn) -> Thread:
    """Change what is sent, and nothing else."""
    changes = payload.dict(exclude_unset=True)
    return await in_database(_update, Caller.of_request(request), thread_id, changes)


@router.delete("/threads/{thread_id}/", response={204: None}, operation_id="ai_delete_thread", tags=THREADS)
@needs_scope(THREADS_WRITE)
async def delete_thread(request: HttpRequest, thread_id: str) -> Status:
    """Delete a thread and all that is in it."""
    await in_database(_delete, Caller.of_request(request), thread_id)
    return Status(204, None)


def _update(caller: Caller, thread_id: str, changes: Mapping[str, Any]) -> Thread:
    return threads.update_thread(caller, thread_for(caller, thread_id), changes)


def _delete(caller: Caller, thread_id: str) -> None:
    threads.delete_thread(caller, thread_for(caller, thread_id))


def _shown(assistant: type[AIAssistant]) -> schemas.Assistant:
    return schemas.Assistant(
        id=assistant.id,
        name=assistant.name,
        description=assistant.description,
        starter_questions=list(assistant.starter_questions),
    )
