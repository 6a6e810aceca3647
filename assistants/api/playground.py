"""The playground over HTTP, for owners and admins: an assistant is tried before others meet it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from ninja import Router
from ninja.responses import Status
from pydantic import Field

from assistants.api.configure import AssistantSettings
from assistants.api.headers import STREAMED
from assistants.api.runs import RunMode, RunOut, answer
from assistants.api.turns import Started, started
from assistants.api.unbroken import unbroken
from assistants.callers import Caller
from assistants.runs.idempotency import idempotency_of
from assistants.runs.runner import runner
from assistants.use_cases.playground import begin_playground_turn
from tenants.api.scopes import needs_scope
from tenants.database import in_database
from tenants.scopes import ADMIN_SCOPE

router = Router(tags=["assistants"])


class Trial(RunMode):
    """A question for the playground."""

    content: str
    thread_id: str | None = Field(None, description="A conversation of the playground to go on with.")
    settings: AssistantSettings | None = Field(
        None, description="What is to be tried in place of what is stored. Nothing of it is stored with the assistant."
    )


@router.post(
    "/admin/assistants/{assistant_id}/playground/",
    response={201: RunOut, 202: RunOut},
    operation_id="try_assistant",
    openapi_extra=STREAMED,
)
@needs_scope(ADMIN_SCOPE)
async def try_assistant(request: HttpRequest, assistant_id: str, payload: Trial) -> Status | HttpResponseBase:
    """Ask an assistant as it is, or as it would be; a disabled one, too. It costs what any answer costs."""
    begun = await unbroken(_begin(request, assistant_id, payload))
    return await answer(request, begun, payload.mode)


async def _begin(request: HttpRequest, assistant_id: str, payload: Trial) -> Started:
    caller = Caller.of_request(request)
    settings: dict[str, Any] = payload.settings.dict(exclude_unset=True) if payload.settings else {}
    asked = {"playground": assistant_id, "thread": payload.thread_id, "content": payload.content, "settings": settings}
    idempotency = idempotency_of(caller.actor, request.headers.get("Idempotency-Key"), asked)
    with runner.beginning():
        turn = await in_database(
            begin_playground_turn, caller, assistant_id, payload.content, settings, payload.thread_id, idempotency
        )
        return started(turn)
