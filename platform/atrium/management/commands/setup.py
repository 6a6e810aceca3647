"""Bring the operators' schema and every tenant's up to date."""

from __future__ import annotations

from tenants.management.commands import migrate_tenants


class Command(migrate_tenants.Command):
    """``manage.py setup``: run it before the web server and the worker of a new version."""

    help = __doc__ or ""
