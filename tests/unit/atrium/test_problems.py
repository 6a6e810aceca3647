"""Every error becomes a problem document: the right status, a stable code, and nothing that should stay inside."""

from __future__ import annotations

import inspect
import json
import logging

import psycopg
import pytest
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.test import RequestFactory
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError
from psycopg_pool import PoolTimeout

from atrium.problems import refuse
from atrium.request_id import request_id
from tenants import errors
from tenants.errors import AtriumError, Conflict, InvalidInput, NoTenant, NotFound
from tests.log_lines import log_lines

REQUEST = RequestFactory().get("/api/threads/")


def refused(error: Exception) -> tuple[int, dict]:
    response = refuse(REQUEST, error)
    assert response["Content-Type"] == "application/problem+json"
    document = json.loads(response.content)
    assert document["status"] == response.status_code
    assert document["type"] == f"urn:atrium:{document['code']}"
    assert document["title"]
    assert document["detail"]
    return response.status_code, document


OURS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, AtriumError)]


@pytest.mark.parametrize("kind", OURS)
def test_an_error_of_ours_is_the_problem_that_its_class_says(kind):
    status, document = refused(kind())
    assert (status, document["code"], document["title"]) == (kind.status, kind.code, kind.title)


def test_each_kind_of_error_has_a_code_of_its_own():
    codes = [kind.code for kind in OURS]
    assert sorted(codes) == sorted(set(codes))


def test_an_error_may_say_more_than_its_class():
    status, document = refused(Conflict("It is busy.", code="run_active", run_id="7"))
    assert (status, document["code"], document["detail"], document["run_id"]) == (409, "run_active", "It is busy.", "7")


def test_a_wrong_field_is_named():
    _, document = refused(InvalidInput("Too short.", field="name"))
    assert document["errors"] == [{"field": "name", "message": "Too short."}]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Http404("No Thread matches the given query."), 404, "not_found"),
        (AuthenticationError(), 401, "not_signed_in"),
        (RequestDataTooBig("Request body exceeded settings."), 413, "too_large"),
        (HttpError(400, "Cannot parse request body (Expecting value)"), 400, "malformed_body"),
        (HttpError(405, "Method not allowed"), 405, "http_405"),
        (Throttled(wait=3), 429, "too_many_requests"),
    ],
)
def test_an_error_of_the_frameworks_has_a_code_too(error, status, code):
    found, document = refused(error)
    assert (found, document["code"]) == (status, code)


def test_unknown_and_foreign_look_alike():
    assert refused(Http404("No Thread matches the given query.")) == refused(NotFound())


def test_who_asks_too_often_is_told_when_to_come_back():
    assert refuse(REQUEST, Throttled(wait=3))["Retry-After"] == "4"


def test_input_that_does_not_fit_is_told_field_by_field():
    error = ValidationError(
        [
            {"type": "missing", "loc": ("body", "payload", "content"), "msg": "Field required"},
            {"type": "int_type", "loc": ("query", "limit"), "msg": "Input should be a number"},
        ]
    )
    status, document = refused(error)
    assert (status, document["code"]) == (422, "invalid_input")
    assert document["errors"] == [
        {"field": "content", "message": "Field required"},
        {"field": "limit", "message": "Input should be a number"},
    ]


@pytest.mark.parametrize("error", [RuntimeError("hunter2"), KeyError("hunter2"), OSError(2, "hunter2")])
def test_what_nobody_foresaw_is_not_told_to_the_caller(error):
    status, document = refused(error)
    assert status == 500
    assert "hunter2" not in json.dumps(document)


def database_error(kind: type[Exception], cause: Exception) -> Exception:
    error = kind("connection to hunter2 failed")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        database_error(OperationalError, psycopg.OperationalError("connection refused")),
        database_error(OperationalError, psycopg.errors.AdminShutdown()),
        database_error(OperationalError, psycopg.errors.TooManyConnections()),
        database_error(OperationalError, PoolTimeout()),
        database_error(InterfaceError, psycopg.InterfaceError("the connection is closed")),
    ],
)
def test_a_database_that_is_away_is_told_with_a_time_to_come_back(error):
    response = refuse(REQUEST, error)
    document = json.loads(response.content)
    assert (response.status_code, document["code"]) == (503, "database_unavailable")
    assert int(response["Retry-After"]) > 0
    assert "hunter2" not in response.content.decode()


@pytest.mark.parametrize(
    "cause",
    [psycopg.errors.UniqueViolation(), psycopg.errors.DeadlockDetected(), psycopg.errors.InsufficientPrivilege()],
)
def test_a_database_that_answers_with_an_error_is_not_called_away(cause):
    assert refused(database_error(OperationalError, cause))[0] == 500


@pytest.mark.parametrize("error", [RuntimeError("hunter2"), NoTenant()])
def test_what_is_our_fault_is_logged_with_its_place_under_the_id_that_the_caller_gets(error):
    token = request_id.set("0123abcd")
    try:
        with log_lines("atrium.problems") as lines:
            _, document = refused(error)
    finally:
        request_id.reset(token)
    [line] = lines.read()
    assert document["request_id"] == line["request_id"] == "0123abcd"
    assert type(error).__qualname__ in line["exc_info"]
    assert "hunter2" not in lines.text


def test_what_the_caller_did_wrong_is_not_logged_as_our_error():
    with log_lines("atrium.problems", logging.WARNING) as lines:
        refused(InvalidInput("Too short.", field="name"))
    assert lines.read() == []
