"""A tenant's model providers over the API and in its console: stored, tried, replaced, deleted, and never shown."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection

from tenants.database import in_database
from tenants.keys import create_api_key
from tenants.models import ProviderCredential
from tenants.scopes import ADMIN_SCOPE
from tests.audit import logged
from tests.keyed_provider import CHAT, EMBEDDING

PAGE = "tenants/providercredential/"


async def admin_of(server, tenant):
    _, secret = await tenant.run(lambda: create_api_key("admin", tenant.owner, scopes=[ADMIN_SCOPE]))
    return server.client(tenant.host, Authorization=f"Bearer {secret}")


def described(provider, **more) -> dict:
    given = {"name": provider.name, "base_url": provider.base_url, "api_key": provider.key, "chat_model": CHAT}
    return {**given, **more}


async def raw_rows(schema: str) -> str:
    def read() -> str:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT line::text FROM {schema}.tenants_providercredential line")
            return str(cursor.fetchall())

    return await in_database(read)


async def test_a_provider_is_made_tested_replaced_and_deleted_and_its_key_is_never_shown(server, acme, providers):
    first, second = providers
    admin = await admin_of(server, acme)
    made = await admin.post("/api/providers/", json=described(first))
    assert made.status_code == 201, made.text
    url = f"/api/providers/{made.json()['id']}/"
    assert (made.json()["key_hint"], made.json()["tested_at"]) == (first.key[-4:], None)
    tested = await admin.post(f"{url}test/")
    assert tested.json() == [{"part": "chat", "ok": True, "code": "ok", "message": f"{CHAT} answers."}]
    [listed] = (await admin.get("/api/providers/")).json()
    assert listed["tested_at"] is not None
    assert listed["test_problem"] == ""

    elsewhere = await admin.patch(url, json={"base_url": second.base_url})
    assert (elsewhere.status_code, elsewhere.json()["errors"][0]["field"]) == (422, "api_key")
    renamed = await admin.patch(url, json={"name": "Ours"})
    assert (renamed.json()["name"], renamed.json()["key_hint"]) == ("Ours", first.key[-4:])
    replaced = await admin.patch(url, json={"base_url": second.base_url, "api_key": second.key, "embedding_model": ""})
    assert (replaced.json()["key_hint"], replaced.json()["tested_at"]) == (second.key[-4:], None)
    assert (await admin.post(f"{url}test/")).json()[0]["ok"]
    assert (first.keys, second.keys) == ({f"Bearer {first.key}"}, {f"Bearer {second.key}"})

    rows = await raw_rows("acme")
    said = "".join(answer.text for answer in (made, tested, renamed, replaced)) + rows
    assert first.key not in said
    assert second.key not in said
    assert "key of" not in rows
    assert (await admin.delete(url)).status_code == 204
    assert (await admin.get("/api/providers/")).json() == []
    entries = await logged(acme)
    acts = ["added", "tested", "changed", "changed", "tested", "deleted"]
    assert [entry.action for entry in entries] == [f"model_provider.{act}" for act in acts]
    assert (entries[3].after["key"], entries[3].after["key_hint"]) == ("replaced", second.key[-4:])
    assert not any(key in f"{entry.before} {entry.after}" for entry in entries for key in (first.key, second.key))


async def test_the_test_says_what_is_wrong_in_a_persons_words(server, acme, providers, no_such_host):
    first, _ = providers
    admin = await admin_of(server, acme)
    made = (await admin.post("/api/providers/", json=described(first))).json()
    url = f"/api/providers/{made['id']}/"
    vectors = {"embedding_model": EMBEDDING, "embedding_dimension": 9}
    port = first.base_url.removesuffix("/v1")
    wrong = [
        ({"api_key": "sk-wrong"}, ["key_refused"], "refuses the key (401)"),
        ({"api_key": first.key, "chat_model": "gpt-9"}, ["model_unknown"], "has no model gpt-9"),
        ({"chat_model": "", **vectors}, ["wrong_dimension"], "vectors of 8 numbers: enter 8"),
        ({"chat_model": CHAT, "embedding_dimension": 8}, ["ok", "ok"], "their-vectors makes vectors"),
        ({"base_url": port, "api_key": first.key}, ["not_openai_compatible"] * 2, "often ends in /v1"),
        ({"base_url": "http://127.0.0.1:1/v1", "api_key": "x"}, ["unreachable"] * 2, "Nothing answers"),
        ({"base_url": f"https://{no_such_host}/v1", "api_key": "x"}, ["url_unreachable"] * 2, "There is no host"),
    ]
    for change, codes, words in wrong:
        assert (await admin.patch(url, json=change)).status_code == 200
        checks = (await admin.post(f"{url}test/")).json()
        assert [check["code"] for check in checks] == codes, checks
        assert words in " ".join(check["message"] for check in checks)
        stored = (await admin.get("/api/providers/")).json()[0]["test_problem"]
        assert stored == " ".join(check["message"] for check in checks if not check["ok"])


async def test_what_cannot_be_stored_is_refused_at_its_field(server, acme, providers, settings):
    first, second = providers
    admin = await admin_of(server, acme)
    settings.ATRIUM_NETWORK_ALLOW = [first.base_url.split("/")[2], second.base_url.split("/")[2]]
    refused = [
        ({"base_url": "http://169.254.169.254/v1"}, 422, "address_refused", "base_url"),
        ({"base_url": "http://127.0.0.1:5432/v1"}, 422, "address_refused", "base_url"),
        ({"base_url": "https://models.example:22/v1"}, 422, "address_refused", "base_url"),
        ({"base_url": "https://me:word@models.example/v1"}, 422, "url_invalid", "base_url"),
        ({"base_url": "ftp://models.example/v1"}, 422, "url_invalid", "base_url"),
        ({"base_url": "https://models.example/v1?x=y"}, 422, "invalid_input", "base_url"),
        ({"api_key": ""}, 422, "invalid_input", "api_key"),
        ({"api_key": "a\nb"}, 422, "invalid_input", "api_key"),
        ({"name": " "}, 422, "invalid_input", "name"),
        ({"chat_model": ""}, 422, "invalid_input", "chat_model"),
        ({"embedding_model": EMBEDDING}, 422, "invalid_input", "embedding_dimension"),
    ]
    for change, status, code, field in refused:
        answer = await admin.post("/api/providers/", json=described(first, **change))
        found = answer.json()
        assert (answer.status_code, found["code"], found["errors"][0]["field"]) == (status, code, field), change
        assert first.key not in answer.text
    assert (await admin.post("/api/providers/", json=described(first))).status_code == 201
    for other, field in (
        (described(second), "chat_model"),
        (described(second, name="first", chat_model="", **VECTORS), "name"),
    ):
        answer = await admin.post("/api/providers/", json=other)
        assert (answer.status_code, answer.json()["code"], answer.json()["errors"][0]["field"]) == (
            409,
            "provider_exists",
            field,
        )
    assert (await admin.post("/api/providers/", json=described(second, enabled=False))).status_code == 201
    settings.ATRIUM_ENCRYPTION_KEYS = ()
    answer = await admin.post("/api/providers/", json=described(second, name="third", enabled=False))
    assert (answer.status_code, answer.json()["code"]) == (409, "encryption_not_set_up")


VECTORS = {"embedding_model": EMBEDDING, "embedding_dimension": 8}


async def test_nobody_else_sees_or_touches_it(server, acme, globex, providers):
    first, _ = providers
    admin, stranger = await admin_of(server, acme), await admin_of(server, globex)
    made = (await admin.post("/api/providers/", json=described(first))).json()
    url = f"/api/providers/{made['id']}/"
    assert (await stranger.get("/api/providers/")).json() == []
    for id in (made["id"], 10**9):
        answers = [
            await stranger.patch(f"/api/providers/{id}/", json={"name": "Mine"}),
            await stranger.post(f"/api/providers/{id}/test/"),
            await stranger.delete(f"/api/providers/{id}/"),
        ]
        assert {(answer.status_code, answer.json()["detail"]) for answer in answers} == {
            (404, "There is no such model provider.")
        }
    _, secret = await acme.run(lambda: create_api_key("member", acme.member, scopes=[ADMIN_SCOPE]))
    member = server.client(acme.host, Authorization=f"Bearer {secret}")
    for answer in (
        await member.get("/api/providers/"),
        await member.post("/api/providers/", json=described(first)),
        await member.patch(url, json={"name": "Mine"}),
        await member.post(f"{url}test/"),
        await member.delete(url),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert first.requests == []


async def test_the_command_puts_every_tenants_keys_under_the_first_encryption_key(
    server, acme, globex, providers, settings
):
    old, new, lost = (Fernet.generate_key().decode() for _ in range(3))
    for tenant, provider, key in zip((acme, globex), providers, (old, lost), strict=True):
        settings.ATRIUM_ENCRYPTION_KEYS = (key,)
        made = await (await admin_of(server, tenant)).post("/api/providers/", json=described(provider))
        assert made.status_code == 201
    settings.ATRIUM_ENCRYPTION_KEYS = (new, old)

    def command() -> str:
        said = StringIO()
        call_command("reencrypt_credentials", stdout=said)
        return said.getvalue()

    with pytest.raises(CommandError, match="globex: second"):
        await in_database(command)
    settings.ATRIUM_ENCRYPTION_KEYS = (new, lost)
    assert "2 keys of 2 tenants" in await in_database(command)
    settings.ATRIUM_ENCRYPTION_KEYS = (new,)
    assert "2 keys of 2 tenants" in await in_database(command)
    for tenant, provider in zip((acme, globex), providers, strict=True):
        row = await tenant.run(ProviderCredential.objects.get)
        assert row.version == 1
        admin = await admin_of(server, tenant)
        assert (await admin.post(f"/api/providers/{row.pk}/test/")).json()[0]["ok"]
        assert provider.keys == {f"Bearer {provider.key}"}


# -- in the console

FORM = {"embedding_model": "", "embedding_dimension": "", "enabled": "on"}


async def test_an_owner_enters_a_provider_and_tests_it_with_the_button(console, acme, in_acme, providers):
    first, _ = providers
    owners = await console(acme.host, "owner")
    assert (await owners.send(f"{PAGE}add/", **FORM, **described(first))).status_code == 302
    row = await in_acme(ProviderCredential.objects.get)
    page = f"{PAGE}{row.pk}/change/"
    text = (await owners.open(page)).text
    assert "Save and test" in text
    pressed = {re.search(r'<button type="submit"[^>]* name="(\w+test_this)"', text)[1]: ""}
    kept = FORM | described(first, api_key="")
    assert (await owners.send(page, **kept, **pressed)).status_code == 302
    shown = (await owners.open(page)).text
    assert "Chat: their-chat answers." in shown
    wrong = await owners.send(page, **kept | {"api_key": "sk-wrong-0123456789"}, **pressed)
    assert wrong.status_code == 302
    again = (await owners.open(page)).text
    assert "refuses the key (401)" in again
    listed = (await owners.open(PAGE)).text
    assert "Does not work" in listed
    for text in (shown, again, listed):
        assert first.key not in text
        assert "sk-wrong-0123456789" not in text
    assert re.search(
        r'<input[^>]*type="password"[^>]*name="api_key"|<input[^>]*name="api_key"[^>]*type="password"', again
    )


async def test_a_refused_address_is_shown_at_its_field(console, acme, in_acme, providers):
    first, _ = providers
    owners = await console(acme.host, "owner")
    answer = await owners.send(f"{PAGE}add/", **FORM, **described(first, base_url="http://169.254.169.254/v1"))
    assert answer.status_code == 200
    assert "is not on the public internet (link-local)" in answer.text
    assert first.key not in answer.text
    assert await in_acme(ProviderCredential.objects.count) == 0


async def test_a_second_provider_that_answers_is_refused_in_words(console, acme, providers):
    first, second = providers
    owners = await console(acme.host, "owner")
    assert (await owners.send(f"{PAGE}add/", **FORM, **described(first))).status_code == 302
    answer = await owners.send(f"{PAGE}add/", **FORM, **described(second))
    assert "Another model provider answers already" in answer.text


async def test_an_editor_does_not_find_the_page_and_the_operators_console_has_none(console, acme, staff, operator):
    editors = await console(acme.host, "editor")
    assert (await editors.open(PAGE)).status_code == 403
    operators = await console("localhost", "operator")
    assert (await operators.open(PAGE)).status_code == 404


async def test_deleting_takes_the_key_with_it(console, acme, in_acme, providers):
    first, _ = providers
    owners = await console(acme.host, "owner")
    await owners.send(f"{PAGE}add/", **FORM, **described(first))
    row = await in_acme(ProviderCredential.objects.get)
    assert (await owners.send(f"{PAGE}{row.pk}/delete/", post="yes")).status_code == 302
    assert await in_acme(ProviderCredential.objects.count) == 0
