"""A new version's migrations reach every tenant: by the same SQL where that will do, and none is left half done."""

from __future__ import annotations

import io
from collections.abc import Iterator

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone

from assistants.models import TenantFigures
from tenants.context import TenantRef, tenant_context
from tenants.database import give_connections_back
from tenants.errors import NotFound
from tenants.models import User
from tenants.provisioning import direct, migrate_all, steps
from tenants.provisioning.create import create_tenant
from tenants.provisioning.roles import drop_role
from tests.integration.tenants.fleet import LASTING, MADE, Fleet, described
from tests.next_version import MIGRATION_MODULES

ALL = (*LASTING, *MADE)
NEXT = ["0001_initial", "0002_priority", "0003_in_python", "0004_due"]


@pytest.fixture
def fleet(clean_tenants, database_url, settings) -> Iterator[Fleet]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        fleet = Fleet(connection)
        try:
            fleet.make()
            settings.MIGRATION_MODULES = MIGRATION_MODULES
            yield fleet
        finally:
            give_connections_back()
            fleet.go_back()
            connection.execute("DELETE FROM assistants_tenantfigures")


def run(**options) -> str:
    said = io.StringIO()
    call_command("migrate_tenants", stdout=said, stderr=said, **options)
    return said.getvalue()


def test_every_tenant_gets_the_new_columns_constraints_and_rows(fleet):
    run()
    assert {schema: fleet.applied(schema) for schema in ALL} == dict.fromkeys(ALL, NEXT)
    leader = described("acme")
    assert {"column example_issue.priority", "constraint u example_issue.one_issue_a_title"} <= leader.keys()
    assert "how soon, in %" in leader.values()
    for schema in ALL[1:]:
        assert described(schema) == leader, schema


def test_only_the_first_tenant_is_migrated_by_django_where_sql_will_do(fleet, monkeypatch):
    led = []
    record = steps.migrate_and_record
    monkeypatch.setattr(migrate_all, "migrate_and_record", lambda *given: led.append(given[0]) or record(*given))
    run()
    assert len(led) == 2  # one for each of the two migrations that are SQL


def test_python_code_runs_in_each_tenant_for_its_own_rows(fleet):
    for schema in MADE:
        fleet.add_issue(schema, f"of {schema}")
    run()
    assert [fleet.value(schema, "SELECT title FROM example_issue") for schema in MADE] == [
        f"OF {schema.upper()}" for schema in MADE
    ]


def test_a_value_with_quotes_and_percent_signs_arrives_as_it_is(fleet):
    for schema in MADE:
        fleet.add_issue(schema, "old")
    run()
    for schema in MADE:
        assert fleet.value(schema, "SELECT priority FROM example_issue") == "100 % 'urgent'"


@pytest.mark.parametrize("broken", ["hooli", "umbrella"])
def test_a_tenant_that_fails_stays_as_it_was_the_others_go_on_and_the_next_run_resumes(fleet, broken):
    for _ in range(2):
        fleet.add_issue(broken, "the same title")
    before = described(broken)
    TenantFigures.objects.bulk_create(TenantFigures(schema_name=name, counted_at=timezone.now()) for name in ALL)
    with pytest.raises(CommandError, match="Not every tenant is up to date"):
        run()
    assert list(TenantFigures.objects.filter(migrations_behind__gt=0).values_list("schema_name", flat=True)) == [broken]
    assert described(broken) == before
    assert fleet.applied(broken) == ["0001_initial"]
    good = [schema for schema in ALL if schema != broken]
    assert {schema: fleet.applied(schema) for schema in good} == dict.fromkeys(good, NEXT)
    fleet.run(broken, "DELETE FROM example_issue")
    assert "1 migrated, 4 up to date before, 0 failed" in run()
    assert not TenantFigures.objects.filter(migrations_behind__gt=0).exists()
    assert described(broken) == described("acme")


def test_what_failed_is_said_with_its_reason(fleet):
    for _ in range(2):
        fleet.add_issue("hooli", "the same title")
    said = io.StringIO()
    with pytest.raises(CommandError):
        call_command("migrate_tenants", stdout=said, stderr=said)
    assert 'hooli: failed: UniqueViolation: could not create unique index "one_issue_a_title"' in said.getvalue()
    assert "4 migrated, 0 up to date before, 1 failed, 0 not tried" in said.getvalue()


def test_a_tenant_whose_schema_is_gone_fails_and_nothing_is_done_in_public(fleet):
    fleet.run("hooli", "DROP SCHEMA hooli CASCADE")
    before = described("public")
    with pytest.raises(CommandError):
        run()
    assert described("public") == before
    assert fleet.applied("umbrella") == NEXT


def test_the_same_sql_is_refused_where_a_schema_is_gone_or_in_another_state(fleet):
    group = next(group for group in migrate_all.groups_of(migrate_all.tenants())[0] if "hooli" in str(group))
    fleet.run("hooli", "DROP SCHEMA hooli CASCADE")
    fleet.run("initech", "INSERT INTO django_migrations (app, name, applied) VALUES ('example', '9999', now())")
    outcomes: dict[str, Exception | None] = {}
    script = "CREATE TABLE stray (id int);"
    migrate_all.replay_for_all(script, list(MADE), group.digest, 2, outcomes.__setitem__)
    assert {schema for schema, error in outcomes.items() if error} == {"hooli", "initech"}
    assert "somebody else has migrated this schema" in str(outcomes["initech"])
    assert fleet.value("public", "SELECT to_regclass('public.stray')") is None
    assert fleet.value("umbrella", "SELECT to_regclass('stray')::text") == "stray"


def test_no_step_is_taken_in_public_for_a_schema_that_is_gone(fleet):
    gone = TenantRef(id=None, schema_name="nowhere")
    [first, *_] = migrate_all.plan_of(migrate_all.tenants()[0])
    before = described("public")
    for step in (lambda: steps.migrate_and_record(gone, [first]), lambda: steps.migrate_ordinarily(gone, first)):
        with pytest.raises(NotFound):
            step()
    assert described("public") == before


def test_a_canary_goes_first_and_the_others_wait_for_it(fleet):
    for _ in range(2):
        fleet.add_issue("umbrella", "the same title")
    with pytest.raises(CommandError):
        run(canary="umbrella")
    assert {schema: fleet.applied(schema) for schema in ALL} == {key: ["0001_initial"] for key in ALL}
    fleet.run("umbrella", "DELETE FROM example_issue")
    assert "5 migrated" in run(canary="umbrella")


def test_a_canary_that_is_no_tenant_is_refused(fleet):
    with pytest.raises(NotFound):
        migrate_all.migrate_all(lambda *_: None, canary="nobody")
    with pytest.raises(CommandError, match="no tenant with the schema nobody"):
        run(canary="nobody")


def test_two_runs_never_mix(fleet):
    with direct.migration_lock(), pytest.raises(CommandError, match="Another run of migrations is under way"):
        run()
    assert fleet.applied("acme") == ["0001_initial"]
    assert "5 migrated" in run()


def test_the_plan_says_what_would_run_and_changes_nothing(fleet):
    said = run(plan=True)
    assert "5 tenants (acme, globex, hooli, initech, umbrella):" in said
    assert [line.split() for line in said.splitlines()[1:]] == [
        ["example.0002_priority", "[sql]"],
        ["example.0003_in_python", "[python]"],
        ["example.0004_due", "[sql]"],
    ]
    assert {schema: fleet.applied(schema) for schema in ALL} == {key: ["0001_initial"] for key in ALL}
    run()
    assert "nothing to do" in run(plan=True)


def test_the_pool_is_not_used(fleet):
    give_connections_back()
    pool = connections["default"].pool
    before = pool.get_stats().get("requests_num", 0)
    run()
    assert pool.get_stats().get("requests_num", 0) == before


def test_permissions_that_are_new_reach_every_tenant_and_its_roles(fleet):
    count = (
        "SELECT count(*) FROM auth_group_permissions JOIN auth_permission p ON p.id = permission_id"
        " WHERE p.codename = 'view_thread'"
    )
    for schema in MADE:
        fleet.run(
            schema,
            "DELETE FROM auth_group_permissions WHERE permission_id IN"
            " (SELECT id FROM auth_permission WHERE codename = 'view_thread');"
            "DELETE FROM auth_permission WHERE codename = 'view_thread'",
        )
    run(canary="hooli")  # it leads, and the others are given what it was given
    assert [fleet.value(schema, count) for schema in ALL] == [3] * 5  # Owner, Admin and Editor


def test_a_tenant_that_is_made_by_the_next_version_has_its_tables(fleet):
    run()
    before = described("hooli")
    fleet.connection.execute("DELETE FROM tenants_domain WHERE domain = 'hooli.localhost'")
    fleet.connection.execute("DELETE FROM tenants_tenant WHERE schema_name = 'hooli'")
    fleet.connection.execute("DROP SCHEMA hooli CASCADE")
    create_tenant("hooli", "Hooli", "hooli.localhost")
    assert fleet.applied("hooli") == NEXT
    assert described("hooli") == before


def test_a_tenant_that_has_lost_its_postgresql_role_gets_it_back(fleet):
    drop_role("hooli")
    run()
    with tenant_context(TenantRef(id=None, schema_name="hooli")):
        assert User.objects.count() == 0


def test_setup_does_the_same(fleet):
    call_command("setup", stdout=io.StringIO())
    assert fleet.applied("umbrella") == NEXT
