"""What tests are made of: two tenants with an owner, two members, an outsider to their threads, and a key each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.contrib.auth.models import Group
from django.db import connection, transaction

from tenants.actors import MEMBER, OWNER, Actor
from tenants.context import TenantRef, owner_rights, tenant_context
from tenants.database import in_database
from tenants.keys import create_api_key, digest_of
from tenants.members import member_actor
from tenants.models import AccessRule, ApiKey, MemberGroup, User
from tenants.provisioning.create import create_tenant
from tenants.rules.starting import make_starting_rules

T = TypeVar("T")

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class TenantFixture:
    """One tenant and its people. ``outsider`` is a member who owns nothing that the tests make."""

    ref: TenantRef
    host: str
    owner: User
    member: User
    outsider: User
    api_key: str

    @property
    def bearer(self) -> dict[str, str]:
        """Headers that sign in with the member's key."""
        return {"Authorization": f"Bearer {self.api_key}"}

    async def run(self, work: Callable[[], T]) -> T:
        """Do database work for the tenant from an async test: off the event loop, which it must not block."""
        with tenant_context(self.ref):
            return await in_database(work)

    def actor(self, user: User | None = None) -> Actor:
        """The actor that a member is (by default ``member``)."""
        with tenant_context(self.ref):
            return member_actor(user or self.member)


def make_tenant(name: str) -> TenantFixture:
    """A new tenant at ``name.localhost`` with its people."""
    host = f"{name}.localhost"
    ref = create_tenant(name, name.capitalize(), host).as_ref()
    with tenant_context(ref):
        owner = make_member("owner", OWNER, is_staff=True)
        member = make_member("member")
        outsider = make_member("outsider")
        _, secret = create_api_key("tests", member)
    return TenantFixture(ref, host, owner, member, outsider, secret)


def make_member(username: str, role: str = MEMBER, **fields: object) -> User:
    """A member of the current tenant."""
    user = User.objects.create_user(username, f"{username}@example.com", PASSWORD, **fields)
    user.groups.add(Group.objects.get(name=role))
    return user


def reset(tenant: TenantFixture) -> None:
    """Bring the tenant back to what ``make_tenant`` made: tests commit, because they work on many connections."""
    with tenant_context(tenant.ref), owner_rights(), transaction.atomic(), connection.cursor() as cursor:
        forget_audit_log(cursor)
        tables = connection.introspection.table_names(cursor)
        made_by_tests = [name for name in tables if name.startswith(("assistants_", "rag_", "embed_", "example_"))]
        made_by_tests += ["django_session", "django_admin_log", "tenants_attempts", "tenants_invitation"]
        made_by_tests += ["tenants_budget", "tenants_ratelimit", "tenants_visitor", "tenants_providercredential"]
        _empty(cursor, made_by_tests)
        if _people_and_rules(cursor) != _as_made.get(tenant.ref.schema_name):
            _make_people_and_rules_anew(tenant)
            forget_audit_log(cursor)  # which has just been told of it
            _as_made[tenant.ref.schema_name] = _people_and_rules(cursor)


_as_made: dict[str, str] = {}
"""What ``_people_and_rules`` said of each tenant when it was as made. Most tests change none of it."""


def _people_and_rules(cursor: Any) -> str:
    """A digest of the rows that a tenant begins with. What a mere sign-in writes is taken back here."""
    cursor.execute("UPDATE tenants_user SET last_login = NULL WHERE last_login IS NOT NULL")
    of_people = (User, User.groups.through, User.user_permissions.through, ApiKey)
    tables = [model._meta.db_table for model in (*of_people, Group, Group.permissions.through, AccessRule)]
    rows = " UNION ALL ".join(
        f"SELECT '{name}' || (to_jsonb(t) - 'last_used_at')::text AS row FROM {name} t" for name in tables
    )
    cursor.execute(f"SELECT md5(coalesce(string_agg(row, '|' ORDER BY row), '')) FROM ({rows}) all_rows")
    return str(cursor.fetchone()[0])


def _make_people_and_rules_anew(tenant: TenantFixture) -> None:
    people = [tenant.owner, tenant.member, tenant.outsider]
    AccessRule.objects.all().delete()
    make_starting_rules()
    MemberGroup.objects.all().delete()
    ApiKey.objects.exclude(digest=digest_of(tenant.api_key)).delete()
    ApiKey.objects.update(revoked_at=None)
    User.objects.exclude(pk__in=[user.pk for user in people]).delete()
    for user in people:
        user.save()
        user.groups.set(Group.objects.filter(name=OWNER if user.username == "owner" else MEMBER))


def forget_audit_log(cursor: Any) -> None:
    """Empty the audit log of the schema in force, which only the owner of the database can, and only on purpose."""
    cursor.execute("SELECT EXISTS (SELECT FROM tenants_auditentry)")
    if cursor.fetchone()[0]:
        with transaction.atomic():
            cursor.execute("ALTER TABLE tenants_auditentry DISABLE TRIGGER USER")
            cursor.execute("DELETE FROM tenants_auditentry")
            cursor.execute("ALTER TABLE tenants_auditentry ENABLE TRIGGER USER")


def _empty(cursor: Any, tables: list[str]) -> None:
    """Delete what is in the tables. Most hold nothing after a test, and to truncate one makes new files for it and for
    each of its indexes: a second a test on a slow disk."""
    quoted = {name: connection.ops.quote_name(name) for name in tables}
    asked = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {quoted[name]})" for name in tables)
    cursor.execute(asked)
    filled = [quoted[name] for (name,) in cursor.fetchall()]
    for table in filled:  # in any order: foreign keys are looked at when the transaction ends
        cursor.execute(f"DELETE FROM {table}")
