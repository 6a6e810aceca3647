"""The assistants app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class AIAssistantConfig(AppConfig):
    """Assistants, threads, messages, runs. Override ``default_auto_field`` in a subclass for another type of key."""

    name = "assistants"
    label = "assistants"
    default_auto_field = "tenants.fields.UUIDv7AutoField"

    def ready(self) -> None:
        """Read the settings, and import every installed app's ``ai_assistants.py``: defining a class registers it.

        Raises ``ImproperlyConfigured``, naming the setting that cannot be used.
        """
        from assistants import (
            checks,  # noqa: F401  # importing registers them
            tenant_assistants,
        )
        from assistants.conf import check_settings
        from assistants.llm.prices import check_prices

        check_settings()
        check_prices()
        autodiscover_modules("ai_assistants")
        tenant_assistants.connect_signals()
