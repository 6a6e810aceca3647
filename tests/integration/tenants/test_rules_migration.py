"""A tenant from before rules were about actions: what its people may do stays as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from tenants.actors import Actor
from tenants.context import TenantRef, owner_rights, tenant_context
from tenants.db_backend.place import quoted
from tenants.models import AccessRule
from tenants.provisioning.migrate import migrate_schema
from tenants.rules.actions import ACTIONS
from tenants.rules.book import rule_book

BEFORE = ("tenants", "0007_rate_limits")
OLD = TenantRef(None, "of_before")
MEMBER = Actor("member", OLD, 1)
RULES = """
INSERT INTO tenants_accessrule (effect, assistant_id, audience, enabled, note, created_at) VALUES
('allow', '', 'everyone', true, '', now()), ('deny', 'secret', 'everyone', true, '', now());
SET CONSTRAINTS ALL IMMEDIATE;
"""


@pytest.fixture
def schema(clean_tenants) -> Iterator[None]:
    """A schema as it was before, which never comes to be: it is rolled back."""
    with transaction.atomic(), tenant_context(OLD), owner_rights():
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE SCHEMA {quoted(OLD.schema_name)}")
        executor = MigrationExecutor(connection)
        executor.recorder.ensure_schema()
        executor.migrate([BEFORE])
        yield
        transaction.set_rollback(True)
    ContentType.objects.clear_cache()


def test_a_tenant_of_before_keeps_what_its_rules_meant(schema):
    with connection.cursor() as cursor:
        cursor.execute(RULES)
    migrate_schema()
    rules = rule_book.rules()
    allowed = {action: rules.decide(MEMBER, action, "docs_assistant").allowed for action in ACTIONS}
    assert all(allowed.values()), allowed
    assert not rules.decide(MEMBER, "assistant.run", "secret").allowed
    assert not rules.decide(MEMBER, "assistant.see", "secret").allowed
    assert rules.decide(MEMBER, "thread.view", "secret").allowed
    assert [rule.action for rule in AccessRule.objects.filter(note="")] == ["assistant.*", "assistant.*"]
    assert AccessRule.objects.exclude(note="").count() == 4


def test_a_schema_that_is_only_being_made_gets_its_rules_later(schema):
    migrate_schema()
    assert not AccessRule.objects.exists()
