"""How the assistants that a tenant makes in its console are told from those that developers write: by their ids."""

from __future__ import annotations

from collections.abc import Collection

OWN_PREFIX = "own-"
"""Every id of a tenant's own assistant begins so, and no id of a developer's does."""
ALL_OWN = "own-*"
"""What a plan that names its assistants calls those that the tenant makes itself."""


def is_own_id(assistant_id: str) -> bool:
    """True for an assistant that a tenant has made itself."""
    return assistant_id.startswith(OWN_PREFIX)


def is_among(assistant_id: str, allowed: Collection[str]) -> bool:
    """True where a plan's names have the assistant. They must not be empty: that would stand for all."""
    return assistant_id in allowed or (is_own_id(assistant_id) and ALL_OWN in allowed)
