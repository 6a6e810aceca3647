"""Who may manage a tenant's people, keys and rules."""

import pytest

from tenants.actors import ADMIN, EDITOR, MEMBER, OWNER, Actor
from tenants.context import TenantRef
from tenants.policies import may_manage_holder_of, may_manage_people

TENANT = TenantRef(1, "acme")


def actor(*roles: str, kind="member") -> Actor:
    return Actor(kind, TENANT, user_id=1, roles=frozenset(roles))


@pytest.mark.parametrize(
    ("who", "people", "owners"),
    [
        (actor(OWNER), True, True),
        (actor(ADMIN), True, False),
        (actor(EDITOR), False, False),
        (actor(MEMBER), False, False),
        (actor(), False, False),
        (actor(kind="system"), True, True),
        (actor(OWNER, kind="api_key"), False, False),  # a key that is stolen must not make itself a successor
        (actor(OWNER, kind="visitor"), False, False),
    ],
    ids=lambda value: f"{value.kind} {'/'.join(value.roles)}" if isinstance(value, Actor) else str(value),
)
def test_owners_and_admins_manage_people_and_only_owners_touch_owners(who, people, owners):
    assert may_manage_people(who) is people
    assert may_manage_holder_of(who, {MEMBER}) is people
    assert may_manage_holder_of(who, {MEMBER, OWNER}) is owners
