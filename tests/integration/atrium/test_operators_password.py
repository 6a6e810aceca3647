"""Operators get a new password by e-mail, and are locked out after wrong ones, as members are."""

from __future__ import annotations

import re

import pytest

from tenants.models import User
from tests.audit import in_public, logged
from tests.consoles import PUBLIC_HOST, Console
from tests.factories import PASSWORD
from tests.mail import delivered, link_in, path_in

NEW = "a new battery for the horse"
RESET = "/accounts/password/"


async def post(client, path: str, **fields):
    await client.get(path)
    return await client.post(path, data=fields | {"csrfmiddlewaretoken": client.cookies["csrftoken"]})


async def test_an_operator_gets_a_link_to_a_new_password_which_works_once(server, operator):
    client = server.client(PUBLIC_HOST)
    assert f'href="{RESET}"' in (await client.get("/admin/login/")).text
    asked = await post(client, RESET, email="Operator@example.com")
    assert asked.headers["location"] == f"{RESET}asked/"
    assert (await client.get(f"{RESET}asked/")).status_code == 200
    [message] = await delivered()
    assert message.to == ["operator@example.com"]
    assert message.subject == "A new password for the operators' console"
    assert link_in(message).startswith(f"http://{PUBLIC_HOST}:{server.port}{RESET}")
    form_at = (await client.get(path_in(message))).headers["location"]
    done = await post(client, form_at, new_password1=NEW, new_password2=NEW)
    assert done.headers["location"] == f"{RESET}set/"
    shown = (await client.get(f"{RESET}set/")).text
    back = await client.get(re.search(r'href="(/accounts/login/)"', shown)[1])
    assert back.headers["location"] == "/admin/login/"
    for password, status in ((PASSWORD, 200), (NEW, 302)):
        assert (await Console(server.client(PUBLIC_HOST)).sign_in("operator", password)).status_code == status
    assert "does not work any more" in (await server.client(PUBLIC_HOST).get(path_in(message))).text
    said = [(each.action, each.actor_kind, each.target) for each in await logged()]
    assert said == [
        ("password_reset.asked", "nobody", "operator"),
        ("operator.password_changed", "nobody", "operator"),
        ("sign_in.failed", "nobody", "operator"),
        ("sign_in.succeeded", "operator", "operator"),
    ]


@pytest.mark.parametrize("email", ["nobody@example.com", "member@example.com", "former@example.com"])
async def test_nobody_learns_which_addresses_are_operators(server, operator, acme, email):
    await in_public(User.objects.create_user, "former", "former@example.com", PASSWORD, is_active=False)
    client = server.client(PUBLIC_HOST)
    asked, known = await post(client, RESET, email=email), await post(client, RESET, email="operator@example.com")
    assert (asked.status_code, asked.headers["location"]) == (known.status_code, known.headers["location"])
    assert [message.to for message in await delivered()] == [["operator@example.com"]]


async def test_an_operators_link_opens_nothing_at_a_tenant(server, operator, acme):
    await post(server.client(PUBLIC_HOST), RESET, email="operator@example.com")
    [message] = await delivered()
    assert "does not work any more" in (await server.client(acme.host).get(path_in(message))).text


async def test_an_operator_is_locked_out_after_wrong_passwords_and_let_in_by_a_new_one(server, operator):
    for _ in range(6):
        answer = await Console(server.client(PUBLIC_HOST)).sign_in("operator", "wrong")
    assert "Too many attempts. Try again in 15 minutes." in answer.text
    assert (await Console(server.client(PUBLIC_HOST)).sign_in("operator")).status_code == 200
    client = server.client(PUBLIC_HOST)
    await post(client, RESET, email="operator@example.com")
    [message] = await delivered()
    form_at = (await client.get(path_in(message))).headers["location"]
    await post(client, form_at, new_password1=NEW, new_password2=NEW)
    assert (await Console(server.client(PUBLIC_HOST)).sign_in("operator", NEW)).status_code == 302
    assert [each.action for each in await logged()].count("sign_in.locked") == 1
