"""What tests are made of: two tenants with an owner, two members, an outsider to their threads, and a key each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.contrib.auth.models import Group

from tenants.actors import MEMBER, OWNER, Actor
from tenants.context import TenantRef, tenant_context
from tenants.database import in_database
from tenants.keys import create_api_key
from tenants.members import member_actor
from tenants.models import User
from tenants.provisioning.create import create_tenant

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
