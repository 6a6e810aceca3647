"""Problems as OpenAI's clients know them: ``{"error": {"message", "type", "param", "code"}}``.

Our own code, the request's id and the run's are in ``error.atrium``. A run that has begun and failed is not asked for
again by the client on its own (``x-should-retry: false``): each repetition would be another run, and another bill.
"""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse

from assistants.runs.events import Event
from tenants.errors import AtriumError

_STATUS = {422: 400, 413: 400}  # what OpenAI's server says of input that it does not take
_TYPES = {403: "permission_error", 429: "rate_limit_error"}
_CODES = {  # ours: OpenAI's, where it has one
    "not_signed_in": "invalid_api_key",
    "wrong_api_key": "invalid_api_key",
    "assistant_not_found": "model_not_found",
    "assistant_not_in_plan": "model_not_found",
    "budget_exhausted": "insufficient_quota",
    "rule_limit_tokens": "insufficient_quota",
    "rule_limit_runs": "rate_limit_exceeded",
}
_STATUS_OF_RUN = {
    "model_busy": 429,
    "approval_needed": 409,
    "run_cancelled": 409,
    "server_stopping": 503,
    "internal_error": 500,
}


class CompletionFailed(AtriumError):
    """The assistant did not answer. Try again."""

    status = 502
    code = "model_failed"
    title = "The assistant did not answer"

    def __init__(self, detail: str = "", *, code: str | None = None, **facts: object) -> None:
        super().__init__(detail, code=code, **facts)
        self.status = _STATUS_OF_RUN.get(self.code, type(self).status)


def failure(event: Event, run_id: Any) -> CompletionFailed | None:
    """What a final event says of a run that has no answer; None where it has one."""
    if event.type == "error":
        return CompletionFailed(event.payload["detail"], code=event.payload["code"], run_id=run_id)
    if event.type == "run.cancelled":
        return CompletionFailed("The answer was stopped before its end.", code="run_cancelled", run_id=run_id)
    return None


def error_body(status: int, code: str, detail: str, **facts: Any) -> dict[str, Any]:
    """An error as OpenAI writes it."""
    fields = facts.pop("errors", None) or [{}]
    kind = "server_error" if status >= 500 else _TYPES.get(status, "invalid_request_error")
    error = {"message": detail, "type": kind, "param": fields[0].get("field"), "code": _CODES.get(code, code)}
    return {"error": {**error, "atrium": {"code": code, **facts}}}


def error_response(status: int, code: str, detail: str, **facts: Any) -> HttpResponse:
    """The same as a response."""
    status = _STATUS.get(status, status)
    body = json.dumps(error_body(status, code, detail, **facts), default=str)
    response = HttpResponse(body, status=status, content_type="application/json")
    if facts.get("run_id") or _CODES.get(code) == "insufficient_quota":  # it starts anew in hours, not in seconds
        response["x-should-retry"] = "false"
    return response
