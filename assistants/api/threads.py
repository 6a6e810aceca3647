"""Assistants and threads over HTTP: parse, call, return."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router
from ninja.responses import Status

from assistants.api import schemas
from assistants.models import Thread
from assistants.use_cases import threads
from tenants.api.auth import actor_of
from tenants.database import in_database

router = Router()


@router.get("/assistants/", response=list[schemas.Assistant], operation_id="ai_list_assistants")
async def list_assistants(request: HttpRequest) -> list[Any]:
    """The assistants that you may use."""
    return await in_database(threads.list_assistants, actor_of(request))


@router.get("/assistants/{assistant_id}/", response=schemas.Assistant, operation_id="ai_get_assistant")
async def get_assistant(request: HttpRequest, assistant_id: str) -> Any:
    """One assistant."""
    return await in_database(threads.get_assistant, actor_of(request), assistant_id)


@router.get("/threads/", response=list[schemas.Thread], operation_id="ai_list_threads")
async def list_threads(request: HttpRequest, assistant_id: str | None = None) -> list[Thread]:
    """Your threads, newest first."""
    return await in_database(threads.list_threads, actor_of(request), assistant_id or "")


@router.post("/threads/", response={200: schemas.Thread, 201: schemas.Thread}, operation_id="ai_create_thread")
async def create_thread(request: HttpRequest, payload: schemas.ThreadIn) -> Status:
    """A new thread."""
    thread = await in_database(threads.create_thread, actor_of(request), payload.name, payload.assistant_id or "")
    return Status(201, thread)


@router.get("/threads/{thread_id}/", response=schemas.Thread, operation_id="ai_get_thread")
async def get_thread(request: HttpRequest, thread_id: str) -> Thread:
    """One thread."""
    return await in_database(threads.get_thread, actor_of(request), thread_id)


@router.patch("/threads/{thread_id}/", response=schemas.Thread, operation_id="ai_update_thread")
async def update_thread(request: HttpRequest, thread_id: str, payload: schemas.ThreadIn) -> Thread:
    """Change what is sent, and nothing else."""
    changes = payload.dict(exclude_unset=True)
    return await in_database(threads.update_thread, actor_of(request), thread_id, changes)


@router.delete("/threads/{thread_id}/", response={204: None}, operation_id="ai_delete_thread")
async def delete_thread(request: HttpRequest, thread_id: str) -> Status:
    """Delete a thread and all in it."""
    await in_database(threads.delete_thread, actor_of(request), thread_id)
    return Status(204, None)
