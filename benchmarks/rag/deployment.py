"""A database of its own with Atrium's tables, for this process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from tests import postgres


@contextmanager
def deployment() -> Iterator[str]:
    """The database's address. Django is set up for it; it is gone afterwards."""
    with postgres.server() as maintenance, postgres.database(maintenance) as url:
        os.environ |= {
            "DATABASE_URL": url,
            "ATRIUM_DEBUG": "1",
            "ATRIUM_LOG_LEVEL": "WARNING",
            "DJANGO_SETTINGS_MODULE": "atrium.settings",
        }
        import django

        django.setup()
        from django.conf import settings
        from django.db import connection

        from tenants.database import give_connections_back
        from tenants.provisioning.migrate import migrate_public

        settings.DEBUG = False  # it would keep every statement
        migrate_public()
        try:
            yield url
        finally:
            give_connections_back()
            connection.close_pool()
