"""The example as an app; ``ATRIUM_EXAMPLE`` installs it."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ExampleConfig(AppConfig):
    """Issues, and assistants that work with them."""

    name = "atrium.demo.example"
    label = "example"
    verbose_name = "Issues"

    def ready(self) -> None:
        """Have the roles get their permissions whenever a schema has been migrated."""
        from atrium.demo.example.roles import grant_permissions

        post_migrate.connect(grant_permissions, sender=self)
