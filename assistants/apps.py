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
        """Import every installed app's ``ai_assistants.py``: defining a class registers it."""
        autodiscover_modules("ai_assistants")
