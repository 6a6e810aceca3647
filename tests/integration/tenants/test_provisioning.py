"""A new tenant: all of it or nothing, with all of its tables, and none of them in ``public``."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from psycopg import sql

from tenants.actors import ROLES
from tenants.context import public_context, tenant_context
from tenants.database import give_connections_back
from tenants.errors import Conflict, InvalidInput
from tenants.models import AccessRule, Domain, Tenant, User
from tenants.provisioning import create, migrate
from tenants.provisioning.create import create_tenant
from tenants.provisioning.migrate_all import migrate_all
from tenants.router import BOTH, PUBLIC_ONLY, TENANT_ONLY
from tenants.use_cases import tenants
from tenants.use_cases.tenants import FirstOwner
from tests.waiting import PATIENCE

NEW, HOST = "initech", "initech.localhost"
OWNER = FirstOwner("bill", "bill@example.com", "a long enough password")


@dataclass(frozen=True)
class Database:
    """What PostgreSQL itself says is there."""

    connection: psycopg.Connection

    def schemas(self) -> set[str]:
        rows = self.connection.execute("SELECT schema_name FROM information_schema.schemata").fetchall()
        return {name for (name,) in rows}

    def tables(self, schema: str) -> set[str]:
        rows = self.connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema]).fetchall()
        return {name for (name,) in rows}

    def count(self, table: str) -> int:
        row = self.connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
        assert row
        return row[0]

    def drop(self, schema: str) -> None:
        self.connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))
        self.connection.execute(
            "DELETE FROM tenants_domain USING tenants_tenant tenant WHERE tenant.id = tenant_id AND schema_name = %s",
            [schema],
        )
        self.connection.execute("DELETE FROM tenants_tenant WHERE schema_name = %s", [schema])


@pytest.fixture
def database(clean_tenants, database_url) -> Iterator[Database]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        there = Database(connection)
        yield there
        give_connections_back()
        there.drop(NEW)


@pytest.fixture
def nothing_is_left(database) -> Iterator[None]:
    """After the test, nothing of the new tenant is there."""
    before = (database.schemas(), database.tables("public"), database.count("tenants_tenant"))
    yield
    give_connections_back()
    assert (database.schemas(), database.tables("public"), database.count("tenants_tenant")) == before
    assert database.count("tenants_domain") == database.count("tenants_tenant")


# -- all


def test_a_new_tenant_can_be_worked_in(database):
    tenant = tenants.open_tenant(NEW, "Initech", HOST, OWNER)
    with tenant_context(tenant.as_ref()):
        assert {group.name for group in Group.objects.all()} == set(ROLES)
        [owner] = User.objects.all()
        assert owner.check_password(OWNER.password)
        assert owner.has_perms(["rag.add_document", "tenants.change_accessrule", "assistants.view_thread"])
    with public_context():
        assert [domain.domain for domain in Domain.objects.filter(tenant=tenant)] == [HOST]


def test_a_new_tenant_starts_with_rules_that_its_administrators_can_see(database):
    tenant = create_tenant(NEW, "Initech", HOST)
    with tenant_context(tenant.as_ref()):
        rules = list(AccessRule.objects.all())
    for rule in rules:
        assert (rule.effect, rule.audience, rule.assistant_id, rule.enabled) == ("allow", "everyone", "", True)
        assert rule.note
    assert sorted(rule.action for rule in rules) == [
        "assistant.*",
        "collection.read",
        "message.*",
        "thread.*",
        "tool.use",
    ]


def test_a_host_is_kept_as_browsers_send_it(database):
    create_tenant(NEW, "Initech", "Initech.LocalHost.")
    with public_context():
        assert Domain.objects.filter(domain=HOST).exists()


# -- or nothing


class OnPurpose(Exception):
    """A failure in the middle."""


def fail(*args: object, **options: object) -> None:
    raise OnPurpose


@pytest.mark.parametrize(
    ("module", "step"),
    [(create, "template_script"), (create, "_claim"), (create, "replay")],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_failure_in_the_middle_leaves_nothing(database, nothing_is_left, monkeypatch, module, step):
    monkeypatch.setattr(module, step, fail)
    with pytest.raises(OnPurpose):
        create_tenant(NEW, "Initech", HOST)


def test_a_failure_after_all_tables_were_made_leaves_nothing(database, nothing_is_left, monkeypatch):
    replay = create.replay

    def replay_and_fail(script: str) -> None:
        replay(script)
        raise OnPurpose

    monkeypatch.setattr(create, "replay", replay_and_fail)
    with pytest.raises(OnPurpose):
        create_tenant(NEW, "Initech", HOST)


def test_a_tenant_whose_owner_cannot_be_made_is_not_made(database, nothing_is_left, monkeypatch):
    monkeypatch.setattr(tenants, "add_member", fail)
    with pytest.raises(OnPurpose):
        tenants.open_tenant(NEW, "Initech", HOST, OWNER)


def test_what_failed_once_can_be_done_again(database, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(create, "replay", fail)
        with pytest.raises(OnPurpose):
            create_tenant(NEW, "Initech", HOST)
    assert create_tenant(NEW, "Initech", HOST).schema_name == NEW


# -- names


@pytest.mark.parametrize(
    "name",
    [
        *("", "a", "A", "Acme2", "9lives", "_a", "a-b", "a b", "a.b", "ä", "acme\n", "a" * 49),
        *(
            'a"; DROP SCHEMA acme; --',
            "a'b",
            "a\x00",
            "public",
            "information_schema",
            "pg_catalog",
            "pg_new",
            "postgres",
        ),
    ],
)
def test_a_name_that_cannot_be_a_schemas_is_refused(database, nothing_is_left, name):
    with pytest.raises(InvalidInput) as refusal:
        create_tenant(name, "Initech", HOST)
    assert refusal.value.facts["errors"][0]["field"] == "schema_name"


@pytest.mark.parametrize("name", ["ab", "a1", "a_", "a" * 48, "select", "user"])
def test_a_name_that_can_be_a_schemas_is_taken(database, name):
    try:
        assert create_tenant(name, "Odd", "odd.localhost").schema_name == name
    finally:
        give_connections_back()
        database.drop(name)


def test_a_name_or_a_host_that_is_taken_is_refused(database, nothing_is_left):
    with pytest.raises(Conflict) as by_name:
        create_tenant("acme", "Another", HOST)
    with pytest.raises(Conflict) as by_host:
        create_tenant(NEW, "Another", "ACME.localhost")
    assert (by_name.value.code, by_host.value.code) == ("tenant_exists", "host_taken")


def test_a_schema_that_is_there_without_a_tenant_is_left_alone(database):
    database.connection.execute("CREATE SCHEMA initech")
    with pytest.raises(Conflict) as refusal:
        create_tenant(NEW, "Initech", HOST)
    assert refusal.value.code == "schema_exists"
    assert database.tables(NEW) == set()
    assert database.count("tenants_tenant") == 2


def test_of_two_who_make_the_same_tenant_at_once_one_is_refused(database):
    ready, outcomes = threading.Barrier(2), []

    def make() -> None:
        ready.wait(PATIENCE)
        try:
            outcomes.append(create_tenant(NEW, "Initech", HOST).schema_name)
        except Conflict as refusal:
            outcomes.append(refusal.code)
        finally:
            give_connections_back()

    threads = [threading.Thread(target=make) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["initech", "tenant_exists"]


# -- which tables are where (docs/decisions/0002 and 0006)

OPERATORS = {
    *("tenants_tenant", "tenants_domain", "tenants_operatorkey", "tenants_erasurereceipt", "tenants_schematemplate"),
    *("tenants_plan", "tenants_modelprice", "tenants_platformbudget"),
    *("assistants_runlease", "tenants_budgetcounter", "tenants_budgetreservation"),  # decisions 0006, 0009: no content
    "tenants_ratebucket",
    *("assistants_usageday", "assistants_tenantfigures"),  # decision 0016: numbers and no content
}
QUEUE = {f"procrastinate_{name}" for name in ("jobs", "events", "periodic_defers", "workers")}
FRAMEWORK_IN_BOTH = {
    *("tenants_user", "tenants_user_groups", "tenants_user_user_permissions", "tenants_attempts"),
    "tenants_auditentry",
    *("auth_group", "auth_group_permissions", "auth_permission"),
    *("django_session", "django_content_type", "django_admin_log", "django_migrations"),
}


def tables_that_live_in(*places: str) -> set[str]:
    ours = [apps.get_app_config(label) for label in ("tenants", "rag", "assistants", "embed", "atrium")]
    models = [model for config in ours for model in config.get_models(include_auto_created=True)]
    return {model._meta.db_table for model in models if _place(model) in places}


def _place(model: type) -> str:
    owner = model._meta.auto_created or model  # a many-to-many table lives where its model does
    return getattr(owner, "lives_in", TENANT_ONLY)


def test_public_holds_the_operators_tables_the_queue_and_djangos_and_nothing_else(database):
    assert database.tables("public") == OPERATORS | QUEUE | FRAMEWORK_IN_BOTH
    assert tables_that_live_in(PUBLIC_ONLY) == OPERATORS
    assert tables_that_live_in(BOTH) <= FRAMEWORK_IN_BOTH


def test_no_table_of_a_tenant_can_be_read_from_public(database):
    assert tables_that_live_in(TENANT_ONLY) & database.tables("public") == set()


@pytest.mark.parametrize("schema", ["acme", "globex", NEW])
def test_every_tenants_schema_has_all_tables_of_a_tenant(database, schema):
    if schema == NEW:
        create_tenant(NEW, "Initech", HOST)
    there = database.tables(schema)
    assert tables_that_live_in(TENANT_ONLY, BOTH) <= there
    assert there >= FRAMEWORK_IN_BOTH
    assert not there & (OPERATORS | QUEUE)


def test_no_table_is_there_that_no_model_knows(database):
    ours = {table for table in database.tables("acme") if not table.startswith("example_")}
    assert ours == tables_that_live_in(TENANT_ONLY, BOTH) | FRAMEWORK_IN_BOTH


def test_a_tenant_that_is_there_already_is_brought_up_to_date_and_stays_as_it_is(database, acme):
    with tenant_context(acme.ref):
        rules = AccessRule.objects.count()
    report = migrate_all(lambda *_: None)
    assert (report.migrated, set(report.up_to_date), report.failed) == ([], {"acme", "globex"}, {})
    with tenant_context(acme.ref):
        assert AccessRule.objects.count() == rules
        assert migrate.is_current(acme.ref)
    with public_context():
        assert Tenant.objects.count() == 2
