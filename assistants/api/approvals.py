"""Decisions on a waiting run's tool calls, over HTTP."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest, HttpResponseBase
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from assistants.api.headers import begins_run
from assistants.api.runs import RunMode, RunOut, answer
from assistants.api.turns import go_on
from assistants.runs.decisions import Decision
from tenants.api.scopes import needs_scope
from tenants.scopes import CHAT

router = Router()


class DecisionIn(Schema):
    """What a person says to one proposed tool call."""

    call_id: str
    decision: Literal["approve", "refuse", "edit"]
    reason: str | None = Field(None, description="Why it is refused; the model is told.")
    args: dict[str, Any] | None = Field(None, description="With `edit`: all arguments to call the tool with instead.")


class ApprovalsIn(RunMode):
    """One decision for each of the run's `tool_calls`, and how to hear of what comes of them."""

    decisions: list[DecisionIn]


@router.post(
    "/runs/{run_id}/approvals/",
    response={200: RunOut, 202: RunOut},
    operation_id="ai_decide_run",
    openapi_extra=begins_run(
        "Where the run stands at its end, or at its next pause. With the mode `stream`, or "
        "`Accept: text/event-stream`: its events from `run.resumed` on"
    ),
)
@needs_scope(CHAT)
async def decide(request: HttpRequest, run_id: str, payload: ApprovalsIn) -> Status | HttpResponseBase:
    """Approve, refuse or edit the tool calls that a run waits with. Then it goes on."""
    decisions = [Decision(each.call_id, each.decision, each.reason or "", each.args) for each in payload.decisions]
    return await answer(request, await go_on(request, run_id, decisions), payload.mode, done=200)
