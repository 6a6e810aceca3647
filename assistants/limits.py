"""Bounds of a turn, from the settings."""

from __future__ import annotations

from django.conf import settings

MAX_TOOL_ROUNDS = 10
MAX_HISTORY_TOKENS = 8000


def max_tool_rounds() -> int:
    """How often a model may call tools in one turn: ``AI_ASSISTANT_MAX_TOOL_ROUNDS``."""
    return getattr(settings, "AI_ASSISTANT_MAX_TOOL_ROUNDS", MAX_TOOL_ROUNDS)


def max_history_tokens() -> int:
    """How much of a thread goes back to the model: ``AI_ASSISTANT_MAX_HISTORY_TOKENS``."""
    return getattr(settings, "AI_ASSISTANT_MAX_HISTORY_TOKENS", MAX_HISTORY_TOKENS)
