"""What people call the things that rows of this layer name by their ids, and of which only a higher layer knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tenants.context import current_tenant
from tenants.rules.words import NO_NAMES, Names


def _nothing_is_known() -> Names:
    return NO_NAMES


_find: Callable[[], Names] = _nothing_is_known


def names_come_from(find: Callable[[], Names]) -> None:
    """Ask ``find`` for names, inside the tenant's context (``atrium/wiring.py``)."""
    global _find
    _find = find


def names_here() -> Names:
    """The names of the current tenant's assistants and collections, as they are now; none outside of a tenant."""
    return NO_NAMES if current_tenant() is None else _find()


def with_name(value: Any, names: Mapping[str, str]) -> Any:
    """An id, or several, as people and programs both find them again: "Handbook (018f...)". Others stay as they are."""
    if isinstance(value, list):
        return [with_name(each, names) for each in value]
    name = names.get(value) if isinstance(value, str) else None
    return f"{name} ({value})" if name and name != value else value
