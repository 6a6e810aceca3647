"""Runs over HTTP: begun, followed from any point and any process, stopped."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from assistants.api.headers import LAST_EVENT_ID, STREAMED
from assistants.api.pages import After, Limit
from assistants.api.receipts import ReceiptOut
from assistants.api.schemas import Key, Sent, ThreadMessageIn
from assistants.api.turns import Started, begin, begin_again
from assistants.models import Run
from assistants.paging import DEFAULT_LIMIT, Listed, Page
from assistants.runs import sse
from assistants.runs.following import follow
from assistants.runs.runner import runner
from assistants.use_cases import runs
from tenants.actors import Actor
from tenants.api.auth import actor_of
from tenants.api.pages import LINK_HEADER, link_next_page
from tenants.api.scopes import needs_scope
from tenants.database import in_database
from tenants.errors import InvalidInput
from tenants.scopes import CHAT, THREADS_READ

router = Router()


class ProposedCall(Sent):
    """A tool call that the model proposes, and that a person must approve."""

    id: str
    name: str
    args: dict[str, Any]


class RunOut(Sent):
    """One execution of an assistant on a thread."""

    id: Key
    thread_id: Key
    assistant_id: str
    question_id: Key | None = Field(description="The message that it answers; null when that was deleted.")
    replaces: Key | None = Field(description="The run whose answer it was asked to give anew.")
    assistant_version: str
    status: Literal["queued", "running", "waiting", "completed", "failed", "cancelled"]
    model: str
    tokens_in: int
    tokens_out: int
    tokens_cached: int = Field(description="Of those that went in, read from the provider's cache.")
    cost: str | None = Field(description="In US dollars, as text, as a float would round it. Null: not known.")
    error_code: str
    error_detail: str
    tool_calls: list[ProposedCall] = Field(description="What waits for approval, while the status is `waiting`.")
    created_at: datetime
    finished_at: datetime | None
    first_token_ms: float | None = Field(description="Until the answer's first text, since the run began.")
    total_ms: float | None = Field(description="How long it worked. Waiting for an approval does not count.")


class RunMode(Schema):
    """How to hear of the answer."""

    mode: Literal["wait", "stream", "background"] = Field(
        "wait", description="`wait` for the run's end, `stream` its events, or leave it in the `background`."
    )


class RunIn(ThreadMessageIn, RunMode):
    """A message to an assistant, and how to hear of the answer."""


@router.get(
    "/threads/{thread_id}/runs/",
    response=list[RunOut],
    operation_id="ai_list_runs",
    openapi_extra=LINK_HEADER,
)
@needs_scope(THREADS_READ)
async def list_runs(
    request: HttpRequest, response: HttpResponse, thread_id: str, limit: Limit = DEFAULT_LIMIT, after: After = ""
) -> list[dict[str, Any]]:
    """The thread's runs, newest first: one that is going on is the first."""
    page = Page(limit, after or None, "desc")
    listed, shown = await in_database(_listed, actor_of(request), thread_id, page)
    link_next_page(request, response, listed)
    return shown


@router.post(
    "/threads/{thread_id}/runs/",
    response={201: RunOut, 202: RunOut},
    operation_id="ai_create_run",
    openapi_extra=STREAMED,
)
@needs_scope(CHAT)
async def create_run(request: HttpRequest, thread_id: str, payload: RunIn) -> Status | HttpResponseBase:
    """Ask the assistant. The run goes on whatever becomes of this connection."""
    started = await begin(request, thread_id, payload.assistant_id, payload.content)
    return await answer(request, started, payload.mode)


@router.get("/runs/{run_id}/", response=RunOut, operation_id="ai_get_run")
@needs_scope(CHAT)
async def get_run(request: HttpRequest, run_id: str) -> dict[str, Any]:
    """Where a run stands."""
    return await in_database(_run, actor_of(request), run_id)


@router.get("/runs/{run_id}/receipt/", response=ReceiptOut, by_alias=True, operation_id="ai_get_receipt")
@needs_scope(THREADS_READ)
async def get_receipt(request: HttpRequest, run_id: str) -> dict[str, Any]:
    """What the run's answer rests on, step by step. Of a run that goes on, or has failed: as far as it came."""
    return await in_database(runs.get_receipt, actor_of(request), run_id)


@router.get(
    "/runs/{run_id}/events/",
    operation_id="ai_follow_run",
    openapi_extra={
        "parameters": [LAST_EVENT_ID],
        "responses": {
            200: {
                "description": "The run's events, those that were and those that come, until its end",
                "content": {sse.CONTENT_TYPE: {"schema": {"type": "string"}}},
            }
        },
    },
)
@needs_scope(CHAT)
async def follow_run(request: HttpRequest, run_id: str, after: int | None = None) -> HttpResponseBase:
    """The events with a number above ``after`` or the ``Last-Event-ID`` header: live, or after the end."""
    run = await in_database(runs.get_run_to_follow, actor_of(request), run_id)
    return _stream(follow(run.pk, _position(request, after)))


@router.post("/runs/{run_id}/cancel/", response={202: RunOut}, operation_id="ai_cancel_run")
@needs_scope(CHAT)
async def cancel_run(request: HttpRequest, run_id: str) -> Status:
    """Stop a run. What was said until then is kept."""
    run = await in_database(_cancelled, actor_of(request), run_id)
    runner.cancel(run["id"])
    return Status(202, run)


async def answer(request: HttpRequest, started: Started, mode: str, done: int = 201) -> Status | HttpResponseBase:
    """What a request that has set a run going gets: its events, or where it stands (``done``: when it has ended)."""
    if mode == "stream" or sse.CONTENT_TYPE in request.headers.get("Accept", ""):
        return _stream(started.events())
    if mode == "wait":
        await started.final()
    run = await in_database(_run, actor_of(request), started.run_id)
    return Status(202 if mode == "background" else done, run)


def _listed(actor: Actor, thread_id: str, page: Page) -> tuple[Listed[Run], list[dict[str, Any]]]:
    listed = runs.list_runs(actor, thread_id, page)
    return listed, [runs.run_as_json(actor, run) for run in listed.rows]


def _cancelled(actor: Actor, run_id: Any) -> dict[str, Any]:
    return runs.run_as_json(actor, runs.cancel_run(actor, run_id))


@router.post(
    "/runs/{run_id}/regenerate/",
    response={201: RunOut, 202: RunOut},
    operation_id="ai_regenerate_run",
    openapi_extra=STREAMED,
)
@needs_scope(CHAT)
async def regenerate_run(
    request: HttpRequest, run_id: str, payload: RunMode | None = None
) -> Status | HttpResponseBase:
    """Answer the thread's last question again: for another answer, or after an error. The older answers are kept."""
    return await answer(request, await begin_again(request, run_id), payload.mode if payload else "wait")


def _run(actor: Actor, run_id: Any) -> dict[str, Any]:
    return runs.run_as_json(actor, runs.get_run(actor, run_id))


def _position(request: HttpRequest, after: int | None) -> int:
    if after is not None:
        return max(0, after)
    given = request.headers.get("Last-Event-ID", "").strip()
    if not given:
        return 0
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise InvalidInput("Last-Event-ID is the number of an event of this run.", field="Last-Event-ID")
    return int(given)


def _stream(events: Any) -> StreamingHttpResponse:
    return StreamingHttpResponse(sse.frames(events), content_type=sse.CONTENT_TYPE, headers=sse.HEADERS)
