"""Adds a document of so many words to the first tenant, for a worker to read; prints its id.

DATABASE_URL=... python -m tests.faults.document 200000
"""

from __future__ import annotations

import sys

import django


def main() -> None:
    django.setup()
    from rag.use_cases.add_document import add_document
    from rag.use_cases.create_collection import create_collection
    from tenants.context import public_context, tenant_context
    from tenants.members import member_actor
    from tenants.models import Tenant, User

    with public_context():
        tenant = Tenant.objects.get(schema_name="acme").as_ref()
    text = " ".join(f"Anvil number {number} stands here.\n\n" * (number % 7 == 0) for number in range(int(sys.argv[1])))
    with tenant_context(tenant):
        actor = member_actor(User.objects.get(username="owner"))
        collection = create_collection(actor, f"Anvils, {sys.argv[1]}")
        document = add_document(actor, collection.pk, text or "Nothing.", source="anvils.md")
    sys.stdout.write(str(document.pk))


if __name__ == "__main__":
    main()
