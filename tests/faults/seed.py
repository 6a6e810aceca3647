"""Two tenants in an empty database; prints how to speak to them: ``[{"name", "schema", "host", "key"}]``.

DATABASE_URL=... python -m tests.faults.seed
"""

from __future__ import annotations

import json
import sys

import django


def main() -> None:
    django.setup()
    from tenants.provisioning.migrate import migrate_public
    from tests.factories import make_tenant

    migrate_public()
    made = [make_tenant(name) for name in ("acme", "globex")]
    facts = [
        {"name": tenant.ref.schema_name, "schema": tenant.ref.schema_name, "host": tenant.host, "key": tenant.api_key}
        for tenant in made
    ]
    sys.stdout.write(json.dumps(facts))


if __name__ == "__main__":
    main()
