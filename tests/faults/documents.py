"""Adds documents, always the same, to a new collection of the first tenant, for a worker to read.

DATABASE_URL=... python -m tests.faults.documents COLLECTION COUNT
"""

from __future__ import annotations

import sys

import django


def text_of(number: int) -> str:
    """A document of some sections, a list and a table."""
    parts = [f"# Machine {number}"]
    for section in range(3 + number % 5):
        words = " ".join(f"Part {number}-{section}-{part} turns shaft {part % 7}." for part in range(30))
        rows = "".join(f"| P{number}-{row} | {row * section} |\n" for row in range(20))
        parts.append(f"## Section {section}\n\n{words}\n\n| Part | Price |\n| --- | --- |\n{rows}")
    return "\n\n".join(parts)


def main() -> None:
    django.setup()
    from rag.use_cases.add_document import add_document
    from rag.use_cases.create_collection import create_collection
    from tenants.context import public_context, tenant_context
    from tenants.members import member_actor
    from tenants.models import Tenant, User

    with public_context():
        tenant = Tenant.objects.get(schema_name="acme").as_ref()
    with tenant_context(tenant):
        actor = member_actor(User.objects.get(username="owner"))
        collection = create_collection(actor, sys.argv[1])
        for number in range(int(sys.argv[2])):
            add_document(actor, collection.pk, text_of(number), source=f"{number}.md")
    sys.stdout.write(str(collection.pk))


if __name__ == "__main__":
    main()
