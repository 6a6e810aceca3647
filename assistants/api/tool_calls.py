"""What the assistant has called in a thread, over HTTP."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from assistants.api.schemas import Key
from assistants.callers import Caller
from assistants.use_cases import tool_calls
from tenants.api.scopes import needs_scope
from tenants.database import in_database
from tenants.scopes import THREADS_READ

router = Router()


class ToolCallOut(Schema):
    """A tool call that a model has asked for."""

    run_id: Key | None
    call_id: str
    name: str
    args: dict[str, Any]
    status: Literal["completed", "failed", "refused", "open"] = Field(
        description="`refused` by a person; `open`: not answered, as it waits for a person or its run ended."
    )


@router.get("/threads/{thread_id}/tool-calls/", response=list[ToolCallOut], operation_id="ai_list_tool_calls")
@needs_scope(THREADS_READ)
async def list_tool_calls(request: HttpRequest, thread_id: str) -> list[tool_calls.ToolCallMade]:
    """What the assistant has called in the thread, oldest first; for each run that has an answer in it."""
    return await in_database(tool_calls.list_tool_calls, Caller.of_request(request), thread_id)
