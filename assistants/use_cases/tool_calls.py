"""What an assistant has called in a thread: read from the messages that the model and its tools have left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypedDict

from django.db.models import Q

from assistants.access import thread_for
from assistants.callers import Caller
from assistants.models import Message
from assistants.runs.turns import as_json_id
from tenants.actors import Actor

MOST_MESSAGES = 1_000

_CALLS = Q(message__type="ai", message__data__tool_calls__0__isnull=False)
_ANSWERS = Q(message__type="tool")

Row = tuple[Any, Mapping[str, Any], Mapping[str, Any] | None]


class ToolCallMade(TypedDict):
    """One call. ``open``: no answer to it is stored, because it waits for a person or the run ended before."""

    run_id: int | str | None
    call_id: str
    name: str
    args: dict[str, Any]
    status: Literal["completed", "failed", "refused", "open"]


def list_tool_calls(who: Actor | Caller, thread_id: Any) -> list[ToolCallMade]:
    """The thread's calls, oldest first, also those of answers that are not shown. Raises ``ThreadNotFound``.

    Of a very long thread those in its newest ``MOST_MESSAGES`` messages of models and tools.
    """
    thread = thread_for(who, thread_id)
    rows = Message.objects.filter(_CALLS | _ANSWERS, thread=thread).order_by("-created_at", "-pk")
    newest = list(rows.values_list("run_id", "message", "run__decisions")[:MOST_MESSAGES])
    return _calls(reversed(newest))


def _calls(rows: Iterable[Row]) -> list[ToolCallMade]:
    calls: list[ToolCallMade] = []
    unanswered: dict[tuple[Any, str], ToolCallMade] = {}  # a later message of a run may use an id again
    for run_id, message, decisions in rows:
        data = message["data"]
        if message["type"] == "tool":
            call = unanswered.pop((run_id, str(data.get("tool_call_id"))), None)
            if call is not None:
                call["status"] = _ending(data, (decisions or {}).get(call["call_id"], {}))
            continue
        for each in data["tool_calls"]:
            call = _made(run_id, each)
            calls.append(call)
            unanswered[run_id, call["call_id"]] = call
    return calls


def _made(run_id: Any, call: Mapping[str, Any]) -> ToolCallMade:
    return {
        "run_id": as_json_id(run_id),
        "call_id": str(call.get("id") or ""),
        "name": str(call.get("name") or ""),
        "args": dict(call.get("args") or {}),
        "status": "open",
    }


def _ending(answer: Mapping[str, Any], decided: Mapping[str, Any]) -> Literal["completed", "failed", "refused"]:
    if decided.get("decision") == "refuse":
        return "refused"
    return "failed" if answer.get("status") == "error" else "completed"
