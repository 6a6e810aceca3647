"""The tenants app."""

from __future__ import annotations

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """Tenants, members, keys, access rules."""

    name = "tenants"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make Django's process-wide caches tell tenants apart, and listen for changes of hosts and rules."""
        from tenants import checks, hosts, letters  # noqa: F401  checks register themselves; letters are jobs of workers
        from tenants.audit import listening
        from tenants.budgets import in_force
        from tenants.content_types import cache_content_types_per_schema
        from tenants.credentials import in_force as providers
        from tenants.network.guard import check_settings
        from tenants.rules import book

        cache_content_types_per_schema()
        listening.connect_signals()
        hosts.connect_signals()
        in_force.connect_signals()
        book.connect_signals()
        providers.connect_signals()
        check_settings()
