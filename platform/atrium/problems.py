"""Errors -> problem+json (RFC 9457), in one place.

Each problem has a stable ``code``. None shows a stack trace, a secret or another tenant's data: what is not one of
our errors is logged with its trace and answered as ``internal_error``.
"""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError

from assistants.openai_api.errors import error_response
from atrium import error_pages
from atrium.request_id import request_id
from tenants.errors import (
    AtriumError,
    InvalidInput,
    NotFound,
    NotSignedIn,
    TenantSuspended,
    TooLarge,
    Unavailable,
    UnknownHost,
)

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
OPENAI_PATH = "/v1/"  # where OpenAI's clients ask: they read errors in OpenAI's shape

NUL = "\x00"
DATABASE_BACK_AFTER = 5  # seconds in which a restarted PostgreSQL usually is there again
_AWAY = ("08", "57P", "53300")
"""How SQLSTATEs begin that say so: no connection, the server shuts down or starts, too many connections."""


class DatabaseUnavailable(Unavailable):
    """The database does not answer. Nothing was stored; send the request again in a moment."""

    code = "database_unavailable"


class NoSuchEndpoint(NotFound):
    """There is nothing at this address of the API. Most addresses end with a slash; /api/docs has them all."""

    code = "unknown_url"


class MethodNotAllowed(AtriumError):
    """This address of the API does not take this method."""

    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"


def problem(request: HttpRequest, *, status: int, code: str, title: str, detail: str, **facts: Any) -> HttpResponse:
    """A problem document as a response."""
    if request.path.startswith(OPENAI_PATH):
        return error_response(status, code, detail, request_id=request_id.get(), **facts)
    body = {"type": f"urn:atrium:{code}", "title": title, "status": status, "detail": detail, "code": code}
    body |= {"request_id": request_id.get(), **facts}
    return HttpResponse(json.dumps(body, default=str), status=status, content_type=CONTENT_TYPE)


def refuse(request: HttpRequest, error: Exception) -> HttpResponse:
    """The problem that an error is. A person who opens a page of a suspended tenant, or of none, gets a page."""
    if "text/html" in request.headers.get("Accept", "") and not request.path.startswith(("/api/", OPENAI_PATH)):
        if isinstance(error, TenantSuspended):
            return error_pages.suspended()
        if isinstance(error, UnknownHost):
            return error_pages.unknown_host()
    if isinstance(error, AtriumError):
        if error.status >= 500:
            log.error("request failed", exc_info=error, extra={"code": error.code})
        response = problem(
            request,
            status=error.status,
            code=error.code,
            title=error.title,
            detail=error.detail,
            **error.facts,
        )
        if error.status == 401:
            response["WWW-Authenticate"] = "Bearer"
        if "retry_after" in error.facts:
            response["Retry-After"] = str(error.facts["retry_after"])
        return response
    if isinstance(error, RequestDataTooBig):
        return refuse(request, TooLarge("The body of a request has at most 2 MB."))
    if isinstance(error, Http404):
        return refuse(request, NotFound())
    if isinstance(error, AuthenticationError):
        return refuse(request, NotSignedIn("Send a session cookie, or an API key as Authorization: Bearer."))
    if isinstance(error, ValidationError):
        return _invalid(request, error)
    if isinstance(error, HttpError):
        return _http_error(request, error)
    if isinstance(error, DataError) and _asks_for_nul(request):
        return refuse(
            request, NotFound() if NUL in request.path else InvalidInput("The address holds a NUL character.")
        )
    if _is_database_away(error):
        away = DatabaseUnavailable(retry_after=DATABASE_BACK_AFTER)
        away.__cause__ = error  # for the log
        return refuse(request, away)
    log.error("request failed", exc_info=error, extra={"code": AtriumError.code})
    return refuse_unknown(request)


def no_such_endpoint(request: HttpRequest) -> HttpResponse:
    """The answer to an address of the API that no operation has."""
    return refuse(request, NoSuchEndpoint())


def as_problem(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """The response; of the API's refusals the one that Django Ninja writes by itself, as a problem: a wrong method."""
    if response.status_code != 405 or not request.path.startswith("/api/"):
        return response
    allowed = response.headers.get("Allow", "")
    told = refuse(request, MethodNotAllowed(f"This address takes {allowed}." if allowed else ""))
    told["Allow"] = allowed
    return told


def _asks_for_nul(request: HttpRequest) -> bool:
    """True where the address holds what no text in the database can be compared with."""
    return NUL in request.path or any(NUL in value for _, values in request.GET.lists() for value in values)


def _is_database_away(error: Exception) -> bool:
    """True where there is no connection to ask by, and not where the database has answered with an error."""
    if not isinstance(error, (DatabaseError, InterfaceError)):
        return False
    said = getattr(error.__cause__, "sqlstate", None)
    if said is None:  # the driver's own error: refused, cut off, or none free in the pool
        return isinstance(error, (OperationalError, InterfaceError))
    return said.startswith(_AWAY)


def refuse_unknown(request: HttpRequest) -> HttpResponse:
    """The answer to a failure that nobody foresaw; the log has the rest, under the request's id."""
    return problem(
        request,
        status=AtriumError.status,
        code=AtriumError.code,
        title=AtriumError.title,
        detail="The error is logged under this request id.",
    )


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors = [
        {
            "field": ".".join(str(part) for part in item["loc"][2:]) or str(item["loc"][-1]),
            "message": item["msg"],
        }
        for item in error.errors
    ]
    said = "; ".join(f"{item['field']}: {item['message']}" for item in errors)
    return problem(
        request, status=422, code="invalid_input", title="The input is not valid", detail=said, errors=errors
    )


def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    code = {400: "malformed_body", 429: "too_many_requests"}.get(error.status_code, f"http_{error.status_code}")
    title = HTTPStatus(error.status_code).phrase
    detail = "The body is not valid JSON." if error.status_code == 400 else error.message
    response = problem(request, status=error.status_code, code=code, title=title, detail=detail)
    if isinstance(error, Throttled) and error.wait:
        response["Retry-After"] = str(int(error.wait) + 1)
    return response
