"""Who writes a tenant's knowledge. (Who reads it, the access rules say.)"""

from __future__ import annotations

import pytest

from rag.policies import may_write_collections
from tenants.actors import Actor
from tenants.context import TenantRef

ACME = TenantRef(id=1, schema_name="acme")


@pytest.mark.parametrize(
    ("kind", "roles", "writes"),
    [
        ("member", {"Owner"}, True),
        ("member", {"Admin"}, True),
        ("member", {"Editor"}, True),
        ("member", {"Member"}, False),
        ("member", set(), False),
        ("api_key", set(), False),
        ("api_key", {"Member"}, False),
        ("api_key", {"Editor", "Member"}, True),
        ("visitor", set(), False),
        ("visitor", {"Owner"}, False),
        ("system", set(), True),
    ],
)
def test_the_kind_of_actor_and_its_roles_decide(kind, roles, writes):
    actor = Actor(kind=kind, tenant=ACME, roles=frozenset(roles))
    assert may_write_collections(actor) is writes
