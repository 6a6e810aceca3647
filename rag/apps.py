"""The rag app."""

from __future__ import annotations

from django.apps import AppConfig


class RagConfig(AppConfig):
    """Collections, documents and search."""

    name = "rag"
    verbose_name = "Knowledge"
    default_auto_field = "django.db.models.BigAutoField"
