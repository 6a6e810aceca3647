"""Signing in is tried a few times only, and what is said about it is the same for names that do not exist."""

from __future__ import annotations

import asyncio
import logging
import re
from datetime import timedelta

import pytest
from django.contrib.auth import aauthenticate, authenticate
from django.db.models import F
from django.test import RequestFactory

from tenants.context import public_context, tenant_context
from tenants.models import Attempts, User
from tenants.use_cases.passwords import let_in_again
from tests.factories import PASSWORD, make_member

ELSEWHERE = "198.51.100.7"


@pytest.fixture
def in_acme(acme):
    with tenant_context(acme.ref):
        yield acme


def attempt(username: str, password: str = "wrong", address: str = "192.0.2.1") -> tuple[User | None, bool]:
    """Who was let in, and whether it was locked."""
    request = RequestFactory().post("/accounts/login/", REMOTE_ADDR=address)
    return authenticate(request, username=username, password=password), hasattr(request, "sign_in_locked_until")


def test_after_five_wrong_passwords_the_right_one_is_refused_too(in_acme):
    assert [attempt("member")[1] for _ in range(6)] == [False] * 5 + [True]
    assert attempt("member", PASSWORD) == (None, True)
    assert attempt("MEMBER ", PASSWORD) == (None, True)


def test_the_lock_is_for_one_name_from_one_address(in_acme):
    for _ in range(6):
        attempt("member")
    assert attempt("member", PASSWORD, ELSEWHERE) == (in_acme.member, False)
    assert attempt("outsider", PASSWORD) == (in_acme.outsider, False)


def test_a_name_that_does_not_exist_is_locked_as_one_that_does(in_acme):
    assert [attempt("nobody") for _ in range(6)] == [attempt("member") for _ in range(6)]


def test_who_gets_it_right_in_time_begins_anew(in_acme):
    for _ in range(3):
        assert [attempt("member")[1] for _ in range(4)] == [False] * 4
        assert attempt("member", PASSWORD) == (in_acme.member, False)


def test_one_address_may_not_try_name_after_name(in_acme, settings):
    settings.ATRIUM_SIGN_IN_ADDRESS_ATTEMPTS = 8
    assert [attempt(f"name {number}")[1] for number in range(9)] == [False] * 8 + [True]
    assert attempt("member", PASSWORD) == (None, True)
    assert attempt("member", PASSWORD, ELSEWHERE) == (in_acme.member, False)


def test_an_office_that_signs_in_rightly_is_not_locked(in_acme, settings):
    settings.ATRIUM_SIGN_IN_ADDRESS_ATTEMPTS = 3
    assert [attempt("member", PASSWORD)[1] for _ in range(10)] == [False] * 10


def test_ipv6_neighbours_of_one_customer_are_one_address(in_acme):
    assert [attempt("member", address=f"2001:db8::{number}")[1] for number in range(1, 7)] == [False] * 5 + [True]
    assert not attempt("member", address="2001:db8:0:1::1")[1]


def test_the_lock_ends_after_its_time_however_often_it_is_tried_meanwhile(in_acme):
    for _ in range(20):
        attempt("member")
    Attempts.objects.update(since=F("since") - timedelta(minutes=14, seconds=50))
    assert attempt("member", PASSWORD) == (None, True)
    Attempts.objects.update(since=F("since") - timedelta(seconds=11))
    assert attempt("member", PASSWORD) == (in_acme.member, False)


def test_attempts_long_ago_do_not_count(in_acme):
    for _ in range(4):
        attempt("member")
    Attempts.objects.update(since=F("since") - timedelta(minutes=16))
    assert [attempt("member")[1] for _ in range(6)] == [False] * 5 + [True]


def test_tenants_and_operators_are_counted_apart(in_acme, globex):
    for _ in range(6):
        attempt("member")
    with tenant_context(globex.ref):
        assert attempt("member", PASSWORD) == (globex.member, False)
    with public_context():
        assert not attempt("member")[1]
        Attempts.objects.all().delete()


async def test_guesses_at_the_same_moment_are_counted_one_by_one(acme):
    outcomes = await asyncio.gather(*(acme.run(lambda: attempt("member")) for _ in range(12)))
    assert sorted(locked for _, locked in outcomes) == [False] * 5 + [True] * 7


async def test_djangos_asynchronous_way_is_counted_as_well(acme):
    with tenant_context(acme.ref):
        request = RequestFactory().post("/", REMOTE_ADDR="192.0.2.1")
        for _ in range(5):
            assert await aauthenticate(request, username="member", password="wrong") is None
        assert await aauthenticate(request, username="member", password=PASSWORD) is None


def test_a_member_signs_in_by_e_mail_address_where_it_is_one_members(in_acme):
    assert attempt("Member@Example.com", PASSWORD)[0] == in_acme.member
    User.objects.filter(username="outsider").update(email="member@example.com")
    assert attempt("member@example.com", PASSWORD)[0] is None
    named_so = make_member("member@example.com")
    assert attempt("member@example.com", PASSWORD)[0] == named_so


def test_who_has_a_new_password_is_let_in_at_once(in_acme):
    for name in ("member", "Member@Example.com"):
        for _ in range(6):
            attempt(name)
        let_in_again(in_acme.member, "192.0.2.1")
        assert attempt(name, PASSWORD)[0] == in_acme.member


def test_what_is_kept_names_nobody_and_the_log_names_the_address_only(in_acme, caplog):
    with caplog.at_level(logging.WARNING, "tenants.lockout"):
        for _ in range(7):
            attempt("my-secret-typed-here")
    [said] = caplog.records
    assert (said.event, said.address, said.tenant) == ("sign_in_locked", "192.0.2.1", "acme")
    assert "my-secret" not in str(said.__dict__)
    assert all(re.fullmatch("[0-9a-f]{64}", key) for key in Attempts.objects.values_list("key", flat=True))


@pytest.mark.parametrize("path", ["/accounts/login/", "/admin/login/"])
async def test_both_forms_say_how_long_and_the_same_for_everybody(server, acme, path):
    client, said = server.client(acme.host), []
    await client.get(path)
    for username in ("member", "nobody"):
        for _ in range(6):
            form = {"username": username, "password": "wrong", "csrfmiddlewaretoken": client.cookies["csrftoken"]}
            answer = await client.post(path, data=form)
        said.append(re.search(r"Too many attempts\. Try again in \d+ minutes\.", answer.text)[0])
    assert said == ["Too many attempts. Try again in 15 minutes."] * 2
