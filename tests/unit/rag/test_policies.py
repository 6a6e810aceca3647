"""Who reads and who writes a tenant's knowledge."""

from __future__ import annotations

import pytest

from rag.policies import may_read_collections, may_write_collections
from tenants.actors import Actor
from tenants.context import TenantRef

ACME = TenantRef(id=1, schema_name="acme")


@pytest.mark.parametrize(
    ("kind", "roles", "reads", "writes"),
    [
        ("member", {"Owner"}, True, True),
        ("member", {"Admin"}, True, True),
        ("member", {"Editor"}, True, True),
        ("member", {"Member"}, True, False),
        ("member", set(), True, False),
        ("api_key", set(), True, False),
        ("api_key", {"Member"}, True, False),
        ("api_key", {"Editor", "Member"}, True, True),
        ("visitor", set(), False, False),
        ("visitor", {"Owner"}, False, False),
        ("system", set(), True, True),
    ],
)
def test_the_kind_of_actor_and_its_roles_decide(kind, roles, reads, writes):
    actor = Actor(kind=kind, tenant=ACME, roles=frozenset(roles))
    assert may_read_collections(actor) is reads
    assert may_write_collections(actor) is writes
