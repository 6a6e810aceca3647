"""``Retry-After`` in all its forms."""

from __future__ import annotations

import httpx
import pytest

from assistants.llm.resilience.retry_after import retry_after
from tests.scripted_model import refused, unreachable

NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("0", 0),
        ("3", 3),
        (" 2.5 ", 2.5),
        ("-1", 0),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60),
        ("Tuesday, 14-Nov-23 22:14:20 GMT", 60),  # the obsolete forms that RFC 9110 wants understood
        ("Tue Nov 14 22:14:20 2023", 60),
        ("Tue, 14 Nov 2023 22:12:20 GMT", 0),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("Tue, 99 Nov 2023 22:12:20 GMT", None),
        ("Tue, 14 Nov 99999 22:12:20 GMT", None),
    ],
)
def test_it_is_read_from_the_response(said, seconds):
    assert retry_after(refused(429, Retry_After=said), NOW) == seconds


def test_the_finer_form_goes_before():
    assert retry_after(refused(429, retry_after="2", retry_after_ms="1500"), NOW) == 1.5


def test_it_is_found_behind_the_error_that_was_raised_from_it():
    request = httpx.Request("POST", "http://model.invalid")
    response = httpx.Response(503, headers={"Retry-After": "7"}, request=request)
    outer = RuntimeError()
    outer.__cause__ = httpx.HTTPStatusError("", request=request, response=response)
    assert retry_after(outer, NOW) == 7


def test_an_error_without_a_response_asks_for_nothing():
    assert retry_after(unreachable(), NOW) is None
    assert retry_after(refused(429), NOW) is None
