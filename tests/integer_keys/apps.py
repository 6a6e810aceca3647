"""What a project writes that wants another type of key (docs/tutorial.md)."""

from __future__ import annotations

from assistants.apps import AIAssistantConfig


class IntegerKeys(AIAssistantConfig):
    default_auto_field = "django.db.models.BigAutoField"
