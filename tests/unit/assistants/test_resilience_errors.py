"""What a provider's error is to us: by the errors of the real clients, and of the protocols in their own words."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from http import HTTPStatus
from typing import Any

import httpx
import openai
import pytest
from langchain_core.exceptions import ContextOverflowError, ModelRateLimitError, OutputParserException

from assistants import exceptions
from assistants.exceptions import (
    EmptyAnswerError,
    ModelBroke,
    ModelBusy,
    ModelFailedError,
    ModelKeyRefused,
    ModelRefusedRequest,
    ModelReplyCut,
    ModelReplyGarbled,
    ModelTimeout,
    ModelUnknown,
    ModelUnreachable,
    OfflineModelCannotError,
    describe_failure,
    typed,
)
from tests.scripted_model import REQUEST, refused, unreachable


def caused(error: BaseException, *causes: BaseException) -> BaseException:
    """The error as it is raised from the next one, and so on."""
    for outer, inner in zip((error, *causes), causes, strict=False):
        outer.__cause__ = inner
    return error


def like(name: str, **attributes: Any) -> Exception:
    """An error of a package that is not installed here, by its class' name and its attributes."""
    error = type(name, (Exception,), {})("sk-secret")
    vars(error).update(attributes)
    return error


def in_a_stream(**body: Any) -> openai.APIError:
    """What openai's client raises for an event in a stream that holds an error."""
    return openai.APIError("sk-secret", REQUEST, body=body)


STATUSES = {
    400: ModelRefusedRequest,
    401: ModelKeyRefused,
    402: ModelKeyRefused,
    403: ModelKeyRefused,
    404: ModelUnknown,
    408: ModelTimeout,
    409: ModelBusy,
    410: ModelUnknown,
    413: ModelRefusedRequest,
    422: ModelRefusedRequest,
    425: ModelBusy,
    429: ModelBusy,
    500: ModelBroke,
    502: ModelBroke,
    503: ModelBroke,
    504: ModelBroke,
    529: ModelBusy,
}


@pytest.mark.parametrize(("status", "kind"), STATUSES.items())
def test_a_status_decides_whoever_reports_it(status, kind):
    request = httpx.Request("POST", "http://model.invalid")
    of_httpx = httpx.HTTPStatusError("", request=request, response=httpx.Response(status, request=request))
    reports = [
        refused(status),
        of_httpx,
        caused(RuntimeError(), of_httpx),  # as a package that wraps another's errors
        like("ClientError", code=status, status="RESOURCE_EXHAUSTED"),  # google.genai
        like("ResourceExhausted", code=HTTPStatus(status)) if status in set(HTTPStatus) else refused(status),
        like("APIStatusError", status_code=status, body={"type": "error", "error": {"type": "x"}}),  # anthropic
        like("ClientResponseError", status=status),  # aiohttp
    ]
    for report in reports:
        failure = typed(report, model="small")
        assert (type(failure), failure.provider_status, failure.model) == (kind, status, "small")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (in_a_stream(code=503), ModelBroke),
        (in_a_stream(code="429"), ModelBusy),
        (in_a_stream(code=None, type="server_error"), ModelBroke),
        (in_a_stream(code="rate_limit_exceeded", type="requests"), ModelBusy),
        (in_a_stream(code="insufficient_quota"), ModelBusy),
        (in_a_stream(code="context_length_exceeded", type="invalid_request_error"), ModelRefusedRequest),
        (in_a_stream(message="sk-secret"), ModelFailedError),
        # anthropic's stream had begun with a 200
        (
            like("APIStatusError", status_code=200, body={"type": "error", "error": {"type": "overloaded_error"}}),
            ModelBusy,
        ),
        (ModelRateLimitError("sk-secret"), ModelBusy),
        (ContextOverflowError("sk-secret"), ModelRefusedRequest),
    ],
)
def test_an_error_inside_a_stream_is_known_by_its_words(error, kind):
    assert type(typed(error)) is kind


UNREACHED = [
    unreachable(),
    httpx.ConnectError(""),
    httpx.RemoteProtocolError(""),
    httpx.ReadError(""),
    ConnectionResetError(),
    socket.gaierror(),
    ssl.SSLCertVerificationError(),  # which is a ValueError, too
    caused(unreachable(), httpx.ConnectError(""), TimeoutError("of the socket")),
    caused(like("ChatGoogleGenerativeAIError"), httpx.ConnectError("")),
    like("APIConnectionError"),
]


@pytest.mark.parametrize("error", UNREACHED)
def test_a_connection_that_fails_is_not_reached_or_after_the_first_token_cut(error):
    assert type(typed(error)) is ModelUnreachable
    assert type(typed(error, started=True)) is ModelReplyCut


@pytest.mark.parametrize(
    ("error", "which"),
    [
        (caused(openai.APITimeoutError(REQUEST), httpx.ConnectTimeout("")), "connect"),
        (caused(openai.APITimeoutError(REQUEST), httpx.PoolTimeout("")), "connect"),
        (caused(openai.APITimeoutError(REQUEST), httpx.ReadTimeout("")), "first_token"),
        (httpx.WriteTimeout(""), "first_token"),
        (TimeoutError(), "first_token"),
        (like("DeadlineExceeded"), "first_token"),
        (refused(408), "first_token"),
    ],
)
def test_a_time_out_says_which_time_was_up(error, which):
    failure = typed(error)
    assert (type(failure), failure.which) == (ModelTimeout, which)
    assert which in failure.detail_for_admin
    assert typed(error, started=True).which == ("connect" if which == "connect" else "between_tokens")


@pytest.mark.parametrize(
    "error",
    [
        json.JSONDecodeError("sk-secret", "sk-secret", 0),
        UnicodeDecodeError("utf-8", b"sk-secret", 0, 1, "no"),
        caused(unreachable(), httpx.DecodingError("")),
        openai.APIResponseValidationError(httpx.Response(200, request=REQUEST), body=None),
        OutputParserException("sk-secret"),
        AttributeError("'list' object has no attribute 'model_dump'"),  # openai's client, for `data: [1, 2]`
        ValueError("No generation chunks were returned"),  # LangChain, for a page of HTML with status 200
        KeyError("choices"),
    ],
)
@pytest.mark.parametrize("started", [False, True])
def test_what_cannot_be_read_is_garbled(error, started):
    assert type(typed(error, started=started)) is ModelReplyGarbled


def test_a_failure_that_has_its_class_keeps_it_and_learns_the_models_name():
    failure = EmptyAnswerError()
    assert typed(failure, model="small") is failure
    assert failure.detail_for_admin == "empty_answer, model small"


def test_causes_in_a_circle_end():
    one, two = RuntimeError(), RuntimeError()
    one.__cause__, two.__cause__ = two, one
    assert type(typed(one)) is ModelFailedError


KINDS = [kind for kind in vars(exceptions).values() if isinstance(kind, type) and issubclass(kind, ModelFailedError)]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_a_text_for_the_person_who_asked(kind):
    failure = kind()
    assert failure.status == 502
    assert failure.code.startswith(("model_", "empty_"))
    assert failure.detail.endswith(".")
    assert len(failure.detail) > 30


@pytest.mark.parametrize("error", [*UNREACHED, *map(refused, STATUSES), in_a_stream(code="sk-secret")])
def test_nothing_of_what_the_provider_said_is_passed_on(error):
    failure = typed(error, model="m" * 500)
    assert "secret" not in f"{failure} {failure.detail} {failure.detail_for_admin} {failure.facts}"
    assert len(failure.detail_for_admin) < 250


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (unreachable(), "model_failed"),
        (httpx.RemoteProtocolError("cut"), "model_failed"),
        (refused(401), "model_key_refused"),
        (refused(403), "model_key_refused"),
        (refused(404), "model_unknown"),
        (refused(429), "model_busy"),
        (refused(500), "model_broke"),
        (TimeoutError(), "model_timeout"),
        (openai.APITimeoutError(REQUEST), "model_timeout"),
        (asyncio.CancelledError(), "server_stopping"),
        (EmptyAnswerError(), "empty_answer"),
        (OfflineModelCannotError(), "offline_model_cannot"),
        (typed(refused(503)), "model_broke"),
        # not of a model's call, as far as can be told: our own mistake
        (ValueError("sk-secret"), "internal_error"),
        (ConnectionRefusedError(), "internal_error"),
        (KeyError("x"), "internal_error"),
    ],
)
def test_a_failed_run_is_described_by_a_stable_code(error, code):
    found, detail = describe_failure(error)
    assert found == code
    assert "secret" not in detail
