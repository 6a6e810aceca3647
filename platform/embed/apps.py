"""The embed app."""

from __future__ import annotations

from django.apps import AppConfig


class EmbedConfig(AppConfig):
    """The hosted chat: the members' chat page today, the chat embedded in other sites later."""

    name = "embed"
