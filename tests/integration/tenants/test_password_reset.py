"""A new password by e-mail: for members only, and nobody learns who is one."""

from __future__ import annotations

import re

import pytest
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from tenants.context import tenant_context
from tenants.links import reset_tokens
from tenants.models import User
from tests.factories import PASSWORD
from tests.mail import delivered, link_in, path_in

NEW = "a new battery for the horse"


async def ask(client, email: str):
    await client.get("/accounts/password/")
    token = {"csrfmiddlewaretoken": client.cookies["csrftoken"]}
    return await client.post("/accounts/password/", data={"email": email, **token})


async def set_password(client, path: str, password: str = NEW):
    opened = await client.get(path)
    if opened.status_code != 302:
        return opened
    form_at = opened.headers["location"]
    await client.get(form_at)
    fields = {"new_password1": password, "new_password2": password}
    return await client.post(form_at, data=fields | {"csrfmiddlewaretoken": client.cookies["csrftoken"]})


async def can_sign_in(server, tenant, password: str) -> bool:
    client = server.client(tenant.host)
    await client.get("/accounts/login/")
    form = {"username": "member", "password": password, "csrfmiddlewaretoken": client.cookies["csrftoken"]}
    return (await client.post("/accounts/login/", data=form)).status_code == 302


async def test_the_link_leads_to_a_new_password_and_works_once(server, acme):
    client = server.client(acme.host)
    assert (await ask(client, "Member@example.com")).headers["location"] == "/accounts/password/asked/"
    [message] = await delivered()
    assert message.to == ["member@example.com"]
    assert link_in(message).startswith(f"http://{acme.host}:{server.port}/accounts/password/")
    assert (await set_password(client, path_in(message))).headers["location"] == "/accounts/password/set/"
    assert await can_sign_in(server, acme, NEW)
    assert not await can_sign_in(server, acme, PASSWORD)
    again = await set_password(server.client(acme.host), path_in(message))
    assert "does not work any more" in again.text


@pytest.mark.parametrize("who", ["nobody", "kept out", "without a password"])
async def test_nobody_learns_which_addresses_exist(server, acme, who):
    if who == "kept out":
        await acme.run(lambda: User.objects.filter(username="member").update(is_active=False))
    elif who == "without a password":
        await acme.run(lambda: User.objects.filter(username="member").update(password="!"))
    email = "nobody@example.com" if who == "nobody" else "member@example.com"
    asked, known = await ask(server.client(acme.host), email), await ask(server.client(acme.host), "owner@example.com")
    assert (asked.status_code, asked.headers["location"]) == (known.status_code, known.headers["location"])
    pages = [(await server.client(acme.host).get(each.headers["location"])).text for each in (asked, known)]
    assert pages[0] == pages[1]
    assert [message.to for message in await delivered()] == [["owner@example.com"]]


async def test_a_tenants_link_is_none_in_another(server, acme, globex):
    def same_user_in_globex() -> None:  # as after a copy: the same number, password and last sign-in
        User.objects.filter(username="member").update(password=acme.member.password, last_login=None)

    await globex.run(same_user_in_globex)
    await ask(server.client(acme.host), "member@example.com")
    [message] = await delivered()
    assert acme.member.pk == globex.member.pk
    answer = await set_password(server.client(globex.host), path_in(message))
    assert "does not work any more" in answer.text
    assert (await set_password(server.client(acme.host), path_in(message))).status_code == 302


def test_tokens_differ_by_tenant_for_users_that_are_alike(acme, globex):
    tokens = set()
    for tenant in (acme, globex):
        with tenant_context(tenant.ref):
            tokens.add(reset_tokens._make_token_with_timestamp(acme.member, 1, reset_tokens.secret))
    assert len(tokens) == 2


async def test_nobody_is_written_to_without_end(server, acme):
    client = server.client(acme.host)
    for _ in range(5):
        assert (await ask(client, "member@example.com")).status_code == 302
    assert len(await delivered()) == 3


async def test_a_bad_password_is_refused_at_its_field(server, acme):
    client = server.client(acme.host)
    await ask(client, "member@example.com")
    [message] = await delivered()
    answer = await set_password(client, path_in(message), "12345678")
    assert answer.status_code == 200
    assert "too common" in answer.text


@pytest.mark.parametrize("uid", ["", "!!", "OTk5OTk5"])
async def test_a_link_that_was_made_up_opens_nothing(server, acme, uid):
    uid = uid or urlsafe_base64_encode(force_bytes(acme.member.pk))
    answer = await server.client(acme.host).get(f"/accounts/password/{uid}/c0ffee-0123456789abcdef/")
    assert answer.status_code == 200
    assert re.search('data-testid="link-gone"', answer.text)
