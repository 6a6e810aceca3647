"""Bring the operators' schema and every tenant's up to date."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from tenants.provisioning.migrate import migrate_everything


class Command(BaseCommand):
    """``manage.py setup``: run it before the web server and the worker of a new version."""

    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, and say which schemas were."""
        for schema in migrate_everything():
            self.stdout.write(f"{schema}: up to date")
