"""A schema that is replayed is the one that would have been migrated: object by object, row by row."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction

from tenants.context import TenantRef, owner_rights, public_context, tenant_context
from tenants.database import give_connections_back
from tenants.models import SchemaTemplate
from tenants.provisioning import create, migrate, template
from tenants.provisioning.catalogue import describe, differences
from tenants.provisioning.create import create_tenant
from tenants.provisioning.migrate import migrate_schema
from tenants.provisioning.roles import drop_role, make_role
from tenants.provisioning.seed import seed
from tests.integration.tenants.fleet import described
from tests.next_version import MIGRATION_MODULES

MIGRATED, REPLAYED = "migrated_one", "replayed_one"


@pytest.fixture
def clean(clean_tenants, database_url) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection
        give_connections_back()
        for name in (MIGRATED, REPLAYED):
            connection.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")
            drop_role(name)
            give_connections_back()
            connection.execute(f"DELETE FROM tenants_domain WHERE domain = '{name}.localhost'")
            connection.execute(f"DELETE FROM tenants_tenant WHERE schema_name = '{name}'")


def migrate_one() -> None:
    """A schema made the slow way, by Django and in its own words."""
    with transaction.atomic(), tenant_context(TenantRef(id=None, schema_name=MIGRATED)), owner_rights():
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE SCHEMA {MIGRATED}")
        make_role(MIGRATED)
        migrate_schema()
        seed()


def replay_one() -> None:
    create_tenant(REPLAYED, "Replayed", f"{REPLAYED}.localhost")


def rows(clean: psycopg.Connection, schema: str) -> dict[str, list[object]]:
    """Every table's rows, their moments left out; and where each sequence stands."""
    names = clean.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema]).fetchall()
    found = {}
    for (name,) in names:
        moments = clean.execute(
            "SELECT array_agg(column_name::text) FROM information_schema.columns"
            " WHERE table_schema = %s AND table_name = %s AND data_type LIKE 'timestamp%%'",
            [schema, name],
        ).fetchone()
        read = f'SELECT to_jsonb(line) - %s::text[] AS row FROM "{schema}"."{name}" AS line ORDER BY line::text'
        found[name] = sorted((row for (row,) in clean.execute(read, [(moments or [None])[0] or []])), key=str)
    last = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = %s"
    found["sequences"] = sorted(clean.execute(last, [schema]).fetchall())
    return found


def test_a_replayed_schema_is_a_migrated_one_object_by_object(clean):
    migrate_one()
    replay_one()
    wanted, found = described(MIGRATED), described(REPLAYED)
    assert differences(wanted, found) == []
    kinds = {name.split()[0] for name in wanted}
    assert kinds >= {"relation", "column", "constraint", "index", "sequence", "grant"}
    assert len(wanted) > 500


def test_a_replayed_schema_has_a_migrated_ones_rows_and_counts_on_from_them(clean):
    migrate_one()
    replay_one()
    wanted, found = rows(clean, MIGRATED), rows(clean, REPLAYED)
    assert found.keys() == wanted.keys()
    for table, content in wanted.items():
        assert found[table] == content, table
    assert wanted["django_migrations"]
    assert wanted["auth_group_permissions"]
    with tenant_context(TenantRef(id=None, schema_name=REPLAYED)):
        Group.objects.create(name="Counted on")


def test_the_moments_of_a_new_tenants_rows_are_its_own(clean):
    before = clean.execute("SELECT now()").fetchone()
    replay_one()
    oldest = clean.execute(f"SELECT min(applied) FROM {REPLAYED}.django_migrations").fetchone()
    assert before
    assert oldest
    assert oldest[0] >= before[0]


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE rag_chunk ADD COLUMN more text",
        "ALTER TABLE rag_chunk ALTER COLUMN text TYPE varchar(9)",
        "ALTER TABLE rag_embedding ALTER COLUMN vector TYPE vector(3)",
        "ALTER TABLE auth_group ALTER COLUMN name SET DEFAULT 'x'",
        "ALTER TABLE auth_group ALTER COLUMN name DROP NOT NULL",
        "ALTER TABLE auth_group ALTER COLUMN name SET STORAGE PLAIN",
        "ALTER TABLE auth_group ALTER COLUMN id SET GENERATED ALWAYS",
        "ALTER TABLE auth_group RENAME CONSTRAINT auth_group_pkey TO another_name",
        "ALTER TABLE tenants_accessrule DROP CONSTRAINT access_rule_names_its_audience",
        "ALTER TABLE rag_word RESET (autovacuum_vacuum_scale_factor)",
        "ALTER TABLE rag_postings ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE rag_postings REPLICA IDENTITY FULL",
        "CREATE POLICY closed ON rag_postings USING (false)",
        "DROP INDEX embedding_hnsw_wordllama_256",
        "CREATE INDEX one_more ON auth_group (name)",
        "ALTER SEQUENCE auth_group_id_seq INCREMENT BY 2",
        "CREATE SEQUENCE one_more",
        "COMMENT ON TABLE auth_group IS 'said'",
        "COMMENT ON COLUMN auth_group.name IS 'said'",
        "COMMENT ON INDEX auth_group_pkey IS 'said'",
        "COMMENT ON CONSTRAINT auth_group_pkey ON auth_group IS 'said'",
        "GRANT SELECT ON auth_group TO PUBLIC",
        "GRANT UPDATE (name) ON auth_group TO PUBLIC",
        "CREATE VIEW one_more AS SELECT 1 AS one",
        "CREATE FUNCTION one_more() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TYPE one_more AS ENUM ('a')",
        "CREATE STATISTICS one_more ON id, name FROM auth_group",
    ],
)
def test_every_kind_of_difference_is_seen(clean, acme, change):
    with transaction.atomic(), tenant_context(acme.ref), owner_rights():
        before = describe(acme.ref.schema_name)
        with connection.cursor() as cursor:
            cursor.execute(change)
        assert differences(before, describe(acme.ref.schema_name))
        transaction.set_rollback(True)


OBJECTS = """
    CREATE SEQUENCE tickets AS integer START 7 INCREMENT 3 MAXVALUE 700 CYCLE;
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN NEW.n := nextval('tickets'); RETURN NEW; END $$;
    CREATE TABLE "Odd ""name" (
        id bigserial PRIMARY KEY, n int DEFAULT nextval('tickets'), word text COLLATE "C" CHECK (word <> 'a;b'),
        half vector(3), twice int GENERATED ALWAYS AS (n * 2) STORED, kept varchar(9) UNIQUE DEFERRABLE,
        parent bigint REFERENCES "Odd ""name" ON DELETE CASCADE, EXCLUDE USING btree (n WITH =)
    ) WITH (fillfactor = 70);
    INSERT INTO "Odd ""name" (n, word, half, parent)
        VALUES (1, E'it''s 100 % \\\\ \\n odd', '[1,2,3]', 2), (2, NULL, NULL, 1);
    CREATE UNIQUE INDEX "By ""word" ON "Odd ""name" (lower(word) DESC) INCLUDE (n) WHERE word IN ('a', 'b');
    CREATE TRIGGER touched BEFORE UPDATE ON "Odd ""name" FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE VIEW words AS SELECT word FROM "Odd ""name";
    CREATE STATISTICS of_words ON n, word FROM "Odd ""name";
    COMMENT ON TABLE "Odd ""name" IS 'it''s 100 %';
    COMMENT ON COLUMN "Odd ""name".word IS 'said';
    COMMENT ON INDEX "By ""word" IS 'said';
    COMMENT ON CONSTRAINT "Odd ""name_pkey" ON "Odd ""name" IS 'said';
"""


def make_more(text: str):
    """A stand-in for the seeding of the template, which makes more objects first."""

    def seed_more() -> None:
        with connection.cursor() as cursor:
            cursor.execute(text)
        seed()

    return seed_more


def test_what_an_apps_own_sql_makes_is_replayed_too(clean, monkeypatch):
    monkeypatch.setattr(template, "seed", make_more(OBJECTS))
    with public_context():
        script = template._work_out()
    monkeypatch.setattr(create, "template_script", lambda: script)
    replay_one()
    found = described(REPLAYED)
    assert {'trigger Odd "name.touched', "relation v words", "statistics of_words", "function touch()"} <= found.keys()
    assert found['column Odd "name.half'].startswith("4 vector(3)")
    read = f'SELECT id, n, word, half::text, twice, parent FROM {REPLAYED}."Odd ""name" ORDER BY id'
    assert clean.execute(read).fetchall() == [(1, 1, "it's 100 % \\ \n odd", "[1,2,3]", 2, 2), (2, 2, None, None, 4, 1)]


@pytest.mark.parametrize(
    "statement", ["CREATE TYPE mood AS ENUM ('good')", "CREATE POLICY closed ON rag_postings USING (false)"]
)
def test_a_schema_that_cannot_be_replayed_is_migrated(clean, monkeypatch, caplog, statement):
    monkeypatch.setattr(template, "seed", make_more(statement))
    with public_context():
        assert template._work_out() == ""
    assert "cannot be replayed" in caplog.text
    monkeypatch.setattr(create, "template_script", lambda: "")
    replay_one()
    assert described(REPLAYED) == described("acme")


def test_the_script_is_worked_out_once_for_all_processes_and_anew_for_other_migrations(clean, monkeypatch, settings):
    made = []
    work_out = template._work_out
    monkeypatch.setattr(template, "_work_out", lambda: made.append(1) or work_out())
    template._scripts.clear()
    first = template.template_script()
    template._scripts.clear()  # as in another process
    assert template.template_script() == first
    assert made == []  # it was worked out for this session's tenants
    settings.MIGRATION_MODULES = MIGRATION_MODULES
    later = template.template_script()
    assert "0002_priority" in later
    assert "0002_priority" not in first
    settings.MIGRATION_MODULES = {}
    template._scripts.clear()
    assert template.template_script() == first
    assert len(made) <= 1
    with public_context():
        assert SchemaTemplate.objects.count() <= template.KEPT


def test_nothing_of_the_making_of_a_template_is_left(clean):
    with public_context():
        template._work_out()
    schemas = clean.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'atrium%'").fetchall()
    assert schemas == []


def test_the_slow_way_makes_the_same_tenant(clean, monkeypatch):
    monkeypatch.setattr(create, "template_script", lambda: "")
    calls = []
    slow = migrate.migrate_schema
    monkeypatch.setattr(create, "migrate_schema", lambda: calls.append(1) or slow())
    replay_one()
    assert calls == [1]
    assert differences(described("acme"), described(REPLAYED)) == []
