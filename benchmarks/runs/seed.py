"""A tenant with a document and threads in an empty database; prints ``{"host", "key", "threads"}``."""

from __future__ import annotations

import json
import os

import django


def main() -> None:
    """Make them. ``THREADS``: how many threads."""
    django.setup()
    from assistants.models import Thread
    from tenants.context import tenant_context
    from tenants.provisioning.migrate import migrate_public
    from tests.documents import add_ready_document
    from tests.factories import make_tenant

    migrate_public()
    tenant = make_tenant("acme")
    add_ready_document(tenant, "# Anvils\n\nAn anvil may be returned within 90 days.\n", "anvils.md")
    with tenant_context(tenant.ref):
        threads = Thread.objects.bulk_create(
            Thread(created_by=tenant.member) for _ in range(int(os.environ["THREADS"]))
        )
    print(json.dumps({"host": tenant.host, "key": tenant.api_key, "threads": [str(thread.pk) for thread in threads]}))


if __name__ == "__main__":
    main()
