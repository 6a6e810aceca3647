"""`manage.py tenant`: what the console and the API do, from the command line."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import psycopg
import pytest
from django.core.management import CommandError, call_command

from tenants.context import public_context
from tenants.models import ErasureReceipt, User
from tenants.use_cases.operator_keys import find_operator_key
from tests.factories import PASSWORD
from tests.integration.tenants.fleet import Fleet

NEW, HOST = "initech", "initech.localhost"


@pytest.fixture
def fleet(clean_tenants, database_url) -> Iterator[Fleet]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        fleet = Fleet(connection)
        yield fleet
        connection.execute("DELETE FROM tenants_erasurereceipt; DELETE FROM tenants_operatorkey")
        connection.execute("DELETE FROM tenants_user")
        fleet.go_back()


def tenant(*arguments: str, command: str = "tenant") -> str:
    said = io.StringIO()
    call_command(command, *arguments, stdout=said)
    return said.getvalue()


def shown(schema_name: str = NEW) -> dict:
    return json.loads(tenant("show", schema_name, "--json"))


def test_a_tenants_whole_life(fleet, monkeypatch):
    said = tenant("create", NEW, "--name", "Initech", "--host", HOST, "--owner", "bill")
    assert "bill's password, shown only now: " in said
    assert (shown()["name"], shown()["status"]) == ("Initech", "active")
    assert f"{NEW}: Initrode, active" in tenant("rename", NEW, "Initrode")
    for act, status in (("suspend", "suspended"), ("archive", "archived"), ("resume", "active")):
        assert f"{NEW}: Initrode, {status}" in tenant(act, NEW)
    monkeypatch.setattr("builtins.input", lambda question: "Initrode")
    assert "Initrode is deleted" in tenant("delete", NEW)
    with public_context():
        assert "command line" in ErasureReceipt.objects.get().erased_by
    with pytest.raises(CommandError, match=r"There is no tenant with the schema initech. \(not_found\)"):
        tenant("show", NEW)


def test_lists_leave_archived_tenants_out(fleet):
    tenant("create", NEW, "--host", HOST)
    tenant("archive", NEW)
    assert [line.split()[0] for line in tenant("list").splitlines()] == ["acme", "globex"]
    assert [each["schema_name"] for each in json.loads(tenant("list", "--status", "archived", "--json"))] == [NEW]
    assert tenant("list", "--search", "nothing like it").strip() == "no tenants"


def test_hosts_are_added_confirmed_made_primary_and_removed(fleet):
    tenant("create", NEW, "--host", HOST)
    assert "/.well-known/atrium-host there must answer " in tenant("add-host", NEW, "chat.example.com")
    with pytest.raises(CommandError, match="host_not_verified"):
        tenant("primary-host", NEW, "chat.example.com")
    assert "is verified and served" in tenant("verify-host", NEW, "Chat.Example.com", "--confirm")
    tenant("primary-host", NEW, "chat.example.com")
    assert [(host["host"], host["is_primary"]) for host in shown()["hosts"]] == [
        ("chat.example.com", True),
        (HOST, False),
    ]
    tenant("remove-host", NEW, HOST)
    assert len(shown()["hosts"]) == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("create", "acme", "--host", HOST), "tenant_exists"),
        (("create", NEW, "--host", "acme.localhost"), "host_taken"),
        (("create", NEW, "--host", "a b"), "invalid_input"),
        (("rename", "acme", " "), "invalid_input"),
        (("delete", "acme", "--name", "acme"), "name_does_not_match"),
        (("suspend", "nobody"), "not_found"),
        (("remove-host", "acme", "acme.localhost"), "primary_host"),
    ],
)
def test_a_refusal_ends_the_command_with_its_reason_and_code(fleet, arguments, code):
    with pytest.raises(CommandError, match=rf"\({code}\)"):
        tenant(*arguments)


def test_where_nobody_can_confirm_a_deletion_nothing_is_deleted(fleet, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(CommandError, match="Nothing was done"):
        tenant("delete", "acme")
    assert "acme" in tenant("list")


def test_operator_keys_are_made_listed_and_revoked(fleet):
    with public_context():
        User.objects.create_superuser("operator", "", PASSWORD)
    secret = tenant("create", "operator", "deploy", command="operator_key").strip()
    with public_context():
        key = find_operator_key(secret)
    assert key is not None
    assert "valid  operator: deploy" in tenant("list", command="operator_key")
    tenant("revoke", str(key.pk), command="operator_key")
    assert find_operator_key(secret) is None
    with pytest.raises(CommandError, match="There is no operator nobody"):
        tenant("create", "nobody", "x", command="operator_key")
