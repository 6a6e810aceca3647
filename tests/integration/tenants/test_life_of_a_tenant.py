"""Opened, renamed, suspended, archived, resumed, deleted: what each means for the tenant's people, jobs and data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from django.utils import timezone

from assistants.models import RunLease, Thread
from tenants.context import public_context, tenant_context
from tenants.database import give_connections_back
from tenants.errors import AtriumError, InvalidInput, NotFound
from tenants.models import Domain, ErasureReceipt, Tenant
from tenants.provisioning import erase
from tenants.provisioning.create import create_tenant
from tenants.use_cases import tenants
from tenants.use_cases.receipts import digest_of, is_intact
from tenants.use_cases.tenants import FirstOwner
from tests.integration.tenants.fleet import Fleet

NEW = "initech"


@pytest.fixture
def fleet(clean_tenants, database_url) -> Iterator[Fleet]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        fleet = Fleet(connection)
        yield fleet
        give_connections_back()
        connection.execute("DELETE FROM tenants_erasurereceipt")
        fleet.go_back()


@pytest.fixture
def tenant(fleet) -> Tenant:
    """A tenant with a thread, a job and a lease."""
    made = create_tenant(NEW, "Initech", f"{NEW}.localhost")
    with tenant_context(made.as_ref()):
        Thread.objects.create(name="kept")
    fleet.run(
        "public",
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args)"
        """ VALUES ('default', 'x', '{"tenant_schema": "initech"}'), ('default', 'x', '{"tenant_schema": "acme"}')""",
    )
    return made


def delete(tenant: Tenant, name: str = "Initech") -> ErasureReceipt:
    return tenants.delete_tenant(tenant.pk, name, by="somebody")


def test_a_new_name_reaches_the_tenants_own_pages(fleet, tenant):
    assert tenants.rename_tenant(tenant.pk, "  Initrode\n Inc. ").name == "Initrode Inc."
    with public_context():
        assert Tenant.objects.get(pk=tenant.pk).as_ref().name == "Initrode Inc."


@pytest.mark.parametrize("name", ["", "  ", "x" * 201])
def test_a_name_that_cannot_be_is_refused(fleet, tenant, name):
    with pytest.raises(InvalidInput):
        tenants.rename_tenant(tenant.pk, name)


@pytest.mark.parametrize(
    ("owner", "field"),
    [
        (FirstOwner("", "", "a long enough password"), "owner.username"),
        (FirstOwner("two words", "", "a long enough password"), "owner.username"),
        (FirstOwner("bill", "no address", "a long enough password"), "owner.email"),
        (FirstOwner("bill", "", "12345"), "owner.password"),
    ],
)
def test_an_owner_who_cannot_be_is_refused_before_anything_is_made(fleet, owner, field):
    with pytest.raises(InvalidInput) as refusal:
        tenants.open_tenant(NEW, "Initech", f"{NEW}.localhost", owner)
    assert refusal.value.facts["errors"][0]["field"] == field
    assert fleet.value("public", "SELECT to_regnamespace('initech')") is None


async def test_suspended_and_archived_tenants_are_refused_and_lose_nothing(server, acme):
    client = server.signed_in(acme)
    await acme.run(lambda: Thread.objects.create(name="kept"))
    for put_away in (tenants.suspend_tenant, tenants.archive_tenant):
        await acme.run(lambda put_away=put_away: put_away(acme.ref.id))
        for path in ("/api/threads/", "/", "/admin/login/"):
            refused = await client.get(path)
            assert refused.status_code == 403
            assert "suspended" in refused.text
        assert (await client.get("/api/threads/")).json()["code"] == "tenant_suspended"
        page = await client.get("/", headers={"Accept": "text/html,*/*"})
        assert (page.status_code, "<h1>This site is suspended</h1>" in page.text) == (403, True)
        await acme.run(lambda: tenants.resume_tenant(acme.ref.id))
        assert (await client.get("/api/threads/")).status_code == 200
    assert await acme.run(lambda: Thread.objects.filter(name="kept").count()) == 1


def test_lists_leave_archived_tenants_out_unless_they_are_asked_for(fleet, tenant):
    tenants.archive_tenant(tenant.pk)

    def listed(*given: str) -> list[str]:
        with public_context():
            return [each.schema_name for each in tenants.list_tenants(*given)]

    assert listed() == ["acme", "globex"]
    assert listed("archived") == [NEW]
    assert listed("", "GLOBEX.local") == ["globex"]
    assert listed("active", "%") == []


# -- deletion


def test_a_deleted_tenant_is_gone_with_its_schema_hosts_jobs_and_leases(fleet, tenant):
    with public_context():
        RunLease.objects.create(schema_name=NEW, run_id="1", owner=uuid4(), heartbeat_at=timezone.now())
    receipt = delete(tenant)
    assert receipt.jobs == 1
    assert fleet.value("public", "SELECT to_regnamespace('initech')") is None
    with public_context():
        assert not Tenant.objects.filter(pk=tenant.pk).exists()
        assert not Domain.objects.filter(domain=f"{NEW}.localhost").exists()
        assert not RunLease.objects.filter(schema_name=NEW).exists()
    assert fleet.value("public", "SELECT string_agg(args->>'tenant_schema', '') FROM procrastinate_jobs") == "acme"


def test_the_receipt_says_what_was_there_and_that_nobody_changed_it(fleet, tenant):
    everything = {
        name: erase.contents_of(f'"{NEW}"."{name}"')
        for (name,) in fleet.connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [NEW])
    }
    made = delete(tenant)
    with public_context():
        receipt = ErasureReceipt.objects.get(pk=made.pk)
    assert (receipt.tenant_name, receipt.schema_name, receipt.hosts) == ("Initech", NEW, [f"{NEW}.localhost"])
    assert (receipt.erased_by, receipt.opened_at) == ("somebody", tenant.created_at)
    assert receipt.tables == everything
    assert receipt.tables["assistants_thread"]["rows"] == 1
    assert receipt.rows == sum(table["rows"] for table in everything.values())
    assert is_intact(receipt)
    receipt.rows += 1
    assert not is_intact(receipt)
    assert receipt.digest != digest_of(receipt)
    assert "kept" not in json.dumps(receipt.tables)


def test_the_checksum_is_of_the_rows_and_not_of_their_order(fleet, tenant):
    def checksum() -> str:
        return erase.contents_of(f"{NEW}.example_issue")["sha256"]

    empty = checksum()
    for number in range(300):
        fleet.add_issue(NEW, f"number {number}")
    before = checksum()
    fleet.run(NEW, "CREATE TABLE again AS SELECT * FROM example_issue ORDER BY id DESC")
    assert erase.contents_of(f"{NEW}.again") == {"rows": 300, "sha256": before}
    fleet.run(NEW, "UPDATE example_issue SET title = 'other' WHERE title = 'number 7'")
    assert len({empty, before, checksum()}) == 3


@pytest.mark.parametrize("name", ["", "initech", "Initech2", "Acme"])
def test_nothing_is_deleted_without_the_right_name(fleet, tenant, name):
    with pytest.raises(InvalidInput) as refusal:
        delete(tenant, name)
    assert refusal.value.code == "name_does_not_match"
    assert fleet.value(NEW, "SELECT count(*) FROM assistants_thread") == 1
    assert fleet.value("public", "SELECT count(*) FROM tenants_erasurereceipt") == 0


def test_a_tenant_in_which_somebody_works_is_not_deleted(fleet, tenant, database_url, monkeypatch):
    monkeypatch.setattr(erase, "LOCK_TIMEOUT", "50ms")
    with psycopg.connect(database_url) as somebody:
        somebody.execute(f"INSERT INTO {NEW}.auth_group (name) VALUES ('at work')")
        with pytest.raises(erase.TenantBusy):
            delete(tenant)
        somebody.commit()
    assert fleet.value(NEW, "SELECT count(*) FROM auth_group WHERE name = 'at work'") == 1
    assert delete(tenant).tables["auth_group"]["rows"] == 5


def test_a_deleted_tenants_name_can_be_used_again(fleet, tenant):
    delete(tenant)
    again = create_tenant(NEW, "Initech", f"{NEW}.localhost")
    with tenant_context(again.as_ref()):
        assert Thread.objects.count() == 0


@pytest.mark.parametrize(
    "act",
    [
        lambda: tenants.rename_tenant(0, "x"),
        lambda: tenants.suspend_tenant(0),
        lambda: tenants.resume_tenant(0),
        lambda: tenants.archive_tenant(0),
        lambda: tenants.delete_tenant(0, "x", by="x"),
        lambda: tenants.find_tenant("nobody"),
    ],
)
def test_a_tenant_that_is_not_there_is_not_found(fleet, act):
    with pytest.raises(NotFound) as refusal:
        act()
    assert isinstance(refusal.value, AtriumError)
