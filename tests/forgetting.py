"""Taking back what a test has left in the database: tests commit, because they work on many connections.

There are some hundred tables to look at after each test, and most hold nothing. So it is one function of PostgreSQL's,
on a connection that stays: it is planned once, and to find a table empty takes some microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import cast

import psycopg
from django.contrib.auth.models import Group
from django.db import transaction
from psycopg import sql

from assistants.models import RunLease
from tenants.actors import MEMBER, OWNER
from tenants.context import owner_rights, public_context, tenant_context
from tenants.keys import digest_of
from tenants.models import (
    AccessRule,
    ApiKey,
    BudgetCounter,
    BudgetReservation,
    MemberGroup,
    ModelPrice,
    Plan,
    PlatformBudget,
    RateBucket,
    User,
)
from tenants.rules.starting import make_starting_rules
from tests.factories import TenantFixture

OF_APPS = ("assistants_", "rag_", "embed_", "example_")
MADE_BY_TESTS = (
    *("django_session", "django_admin_log", "tenants_attempts", "tenants_invitation", "tenants_budget"),
    *("tenants_ratelimit", "tenants_visitor", "tenants_providercredential"),
)
PEOPLE_AND_RULES = [
    model._meta.db_table
    for model in (
        *(User, User.groups.through, User.user_permissions.through, ApiKey),
        *(Group, Group.permissions.through, AccessRule),
    )
]
PUBLIC = [
    # No worker runs in tests: jobs would look like a queue that does not move.
    *("procrastinate_jobs", RunLease._meta.db_table),
    *(model._meta.db_table for model in (BudgetReservation, BudgetCounter, PlatformBudget, ModelPrice, RateBucket)),
]


class Forgetter:
    """Brings the public schema and some tenants' back to what they were when the tenants had been made."""

    def __init__(self, database_url: str, tenants: Iterable[TenantFixture]) -> None:
        self._url = database_url
        self._tenants = {tenant.ref.schema_name: tenant for tenant in tenants}
        self._connection: psycopg.Connection | None = None
        self._as_made: list[str] = []

    def forget(self) -> None:
        """Remove what the test has made, and make anew what it has changed."""
        found = self._emptied()
        if found != self._as_made:
            self._make_anew(found)
            self._as_made = self._emptied()  # of the audit log, too, which has just been told of it

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _emptied(self) -> list[str]:
        """Digests of what is left when tables are empty again: of the plans, and of each tenant's people and rules."""
        for _ in range(2):
            try:
                if self._connection is None:
                    self._connection = psycopg.connect(self._url, autocommit=True)
                    self._connection.execute(_function(self._connection, list(self._tenants)))
                row = self._connection.execute("SELECT pg_temp.forget_what_a_test_made()").fetchone()
                assert row
                return cast(list[str], row[0])
            except psycopg.OperationalError:  # the test has ended all connections
                self.close()
        raise AssertionError("there is no PostgreSQL after the test")

    def _make_anew(self, found: Sequence[str]) -> None:
        before = self._as_made or [""] * len(found)
        remake = [_make_plans_anew, *(partial(_make_people_and_rules_anew, each) for each in self._tenants.values())]
        for make, is_now, was in zip(remake, found, before, strict=True):
            if is_now != was:
                make()


@contextmanager
def forgetter(database_url: str, tenants: Iterable[TenantFixture]) -> Iterator[Forgetter]:
    """A forgetter for the tenants, until the block ends."""
    made = Forgetter(database_url, tenants)
    yield made
    made.close()


def _function(connection: psycopg.Connection, schemas: Sequence[str]) -> sql.Composed:
    """The function's text. What one statement does in it is done when the transaction ends, foreign keys included: so
    the tables come in any order."""
    steps = [_forget_audit_log(schema) for schema in ("public", *schemas)]
    steps += [_empty("public", name) for name in PUBLIC]
    steps += [_empty(schema, name) for schema in schemas for name in _tables(connection, schema)]
    steps += [_forget_sign_ins(schema) for schema in schemas]
    digests = [_digest("public", [Plan._meta.db_table]), *(_digest(schema, PEOPLE_AND_RULES) for schema in schemas)]
    body = sql.SQL("BEGIN {steps} RETURN ARRAY[{digests}]; END").format(
        steps=sql.SQL(" ").join([*steps, sql.SQL(ACTIVE)]), digests=sql.SQL(", ").join(digests)
    )
    begin = "CREATE FUNCTION pg_temp.forget_what_a_test_made() RETURNS text[] LANGUAGE plpgsql AS "
    return sql.SQL("{} {}").format(sql.SQL(begin), sql.Literal(body.as_string(connection)))


ACTIVE = """
    UPDATE public.tenants_tenant SET status = 'active', plan_id = NULL WHERE status <> 'active' OR plan_id IS NOT NULL;
"""


def _tables(connection: psycopg.Connection, schema: str) -> list[str]:
    rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", [schema])
    return [name for (name,) in rows if name.startswith(OF_APPS) or name in MADE_BY_TESTS]


def _empty(schema: str, name: str) -> sql.Composed:
    """To truncate a table makes new files for it and for each of its indexes: a second a test on a slow disk."""
    step = "IF EXISTS (SELECT FROM {table}) THEN DELETE FROM {table}; END IF;"
    return sql.SQL(step).format(table=sql.Identifier(schema, name))


def _forget_audit_log(schema: str) -> sql.Composed:
    """Which only the owner of the database can, and only on purpose."""
    step = """
        IF EXISTS (SELECT FROM {log}) THEN
            ALTER TABLE {log} DISABLE TRIGGER USER;
            DELETE FROM {log};
            ALTER TABLE {log} ENABLE TRIGGER USER;
        END IF;
    """
    return sql.SQL(step).format(log=sql.Identifier(schema, "tenants_auditentry"))


def _forget_sign_ins(schema: str) -> sql.Composed:
    """What a mere sign-in writes."""
    step = "UPDATE {users} SET last_login = NULL WHERE last_login IS NOT NULL;"
    return sql.SQL(step).format(users=sql.Identifier(schema, User._meta.db_table))


def _digest(schema: str, names: Sequence[str]) -> sql.Composed:
    """Of all rows of the tables, but for when keys were used."""
    one = "SELECT {name} || (to_jsonb(t) - 'last_used_at')::text AS held FROM {table} AS t"
    each = [sql.SQL(one).format(name=sql.Literal(name), table=sql.Identifier(schema, name)) for name in names]
    whole = "(SELECT md5(coalesce(string_agg(held, '|' ORDER BY held), '')) FROM ({rows}) AS all_rows)"
    return sql.SQL(whole).format(rows=sql.SQL(" UNION ALL ").join(each))


def _make_plans_anew() -> None:
    """The default plan, without limits, and no other: what a new database has."""
    with public_context():
        Plan.objects.all().delete()
        Plan.objects.create(name="Standard", is_default=True)


def _make_people_and_rules_anew(tenant: TenantFixture) -> None:
    people = [tenant.owner, tenant.member, tenant.outsider]
    with tenant_context(tenant.ref), owner_rights(), transaction.atomic():
        AccessRule.objects.all().delete()
        make_starting_rules()
        MemberGroup.objects.all().delete()
        ApiKey.objects.exclude(digest=digest_of(tenant.api_key)).delete()
        ApiKey.objects.update(revoked_at=None)
        User.objects.exclude(pk__in=[user.pk for user in people]).delete()
        for user in people:
            user.save()
            user.groups.set(Group.objects.filter(name=OWNER if user.username == "owner" else MEMBER))
