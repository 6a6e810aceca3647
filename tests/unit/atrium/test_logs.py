"""A log line is JSON, says for whom and in which request it was written, and repeats nothing that was said."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from django.test import RequestFactory

from atrium.request_id import request_id
from tenants.context import TenantRef, tenant_context
from tests.log_lines import LogLines, log_lines

ACME = TenantRef(id=1, schema_name="acme")


@pytest.fixture
def lines() -> Iterator[LogLines]:
    with log_lines("atrium.tests") as lines:
        yield lines


log = logging.getLogger("atrium.tests")


def test_a_line_says_when_how_bad_where_and_what(lines):
    log.warning("the queue is %s", "long")
    [line] = lines.read()
    assert (line["level"], line["logger"], line["message"]) == ("WARNING", "atrium.tests", "the queue is long")
    assert line["time"][:2] == "20"


def test_a_line_says_for_which_tenant_request_actor_and_run(lines):
    token = request_id.set("0123abcd")
    try:
        with tenant_context(ACME):
            log.info("answered", extra={"actor_kind": "member", "run_id": "run-1"})
    finally:
        request_id.reset(token)
    [line] = lines.read()
    assert (line["tenant"], line["request_id"]) == ("acme", "0123abcd")
    assert (line["actor_kind"], line["run_id"]) == ("member", "run-1")


def test_the_fields_are_there_outside_of_any_request_too(lines):
    log.info("started")
    [line] = lines.read()
    assert (line["tenant"], line["request_id"], line["actor_kind"], line["run_id"]) == ("public", "", None, None)


def test_a_caller_that_knows_the_tenant_better_is_believed(lines):
    log.info("answered", extra={"tenant": "globex"})
    assert lines.read()[0]["tenant"] == "globex"


def test_a_line_about_a_request_names_it_also_when_its_context_has_been_left(lines):
    request = RequestFactory().get("/api/threads/")
    request.id, request.tenant = "0123abcd", ACME
    log.warning("Not Found", extra={"request": request})
    [line] = lines.read()
    assert (line["tenant"], line["request_id"], line["actor_kind"]) == ("acme", "0123abcd", None)


def test_what_the_caller_adds_is_in_the_line(lines):
    log.info("answered", extra={"status": 200, "took_ms": 1.5})
    [line] = lines.read()
    assert (line["status"], line["took_ms"]) == (200, 1.5)


def test_the_address_of_a_request_is_left_out_because_a_search_has_its_words_in_it(lines):
    log.warning("Not Found: /admin/", extra={"request": RequestFactory().get("/admin/?q=how+ill+am+I")})
    assert lines.read("Not Found: /admin/")
    assert "how" not in lines.text


class ProviderError(Exception):
    """Quotes what it was given, as the errors of model providers do."""


def test_an_exception_is_told_by_its_kind_and_place_and_never_in_its_own_words(lines):
    key, question = "sk-" + "secret", "how " + "ill am I"  # put together: a trace shows lines of source
    try:
        try:
            raise ProviderError(f"Incorrect API key {key} for {question!r}")
        except ProviderError as error:
            raise RuntimeError(f"while answering {question}") from error
    except RuntimeError:
        log.exception("run failed")
    [line] = lines.read()
    assert line["message"] == "run failed"
    assert "test_logs.py" in line["exc_info"]
    assert "builtins.RuntimeError, from " in line["exc_info"]
    assert line["exc_info"].endswith("test_logs.ProviderError")
    assert key not in lines.text
    assert question not in lines.text


def test_exceptions_that_cause_each_other_are_told_and_come_to_an_end(lines):
    one, two = RuntimeError(), KeyError()
    one.__cause__, two.__cause__ = two, one
    log.error("run failed", exc_info=one)
    assert "builtins.RuntimeError, from builtins.KeyError" in lines.read()[0]["exc_info"]


def test_a_line_stays_one_line_whatever_is_in_it(lines):
    log.info("first\nsecond", extra={"path": "/\r\n\x00\u2028"})
    [line] = lines.read()
    assert (line["message"], line["path"]) == ("first\nsecond", "/\r\n\x00\u2028")
