"""Visitors of the current tenant's sites as actors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tenants.actors import Actor
from tenants.context import require_tenant
from tenants.models import Visitor
from tenants.scopes import VISITORS

FindAssistant = Callable[[str], str | None]


def _there_are_no_sites(site_id: str) -> str | None:
    return None


_find: FindAssistant = _there_are_no_sites


def sites_come_from(find: FindAssistant) -> None:
    """Ask ``find`` for the assistant of a site, inside the tenant's context (``atrium/wiring.py``)."""
    global _find
    _find = find


def site_assistant(site_id: str) -> str | None:
    """The only assistant that visitors of the site reach; None where the current tenant has no such site."""
    return _find(site_id)


def visitor_actor(visitor: Visitor, assistant_id: str) -> Actor:
    """The actor that a visitor is: it reaches its site's assistant and no other, and what the access rules allow."""
    return Actor(
        kind="visitor",
        tenant=require_tenant(),
        label=str(visitor),
        scopes=VISITORS,
        assistants=frozenset({assistant_id}),
        site_id=visitor.site_id,
        identified=visitor.is_identified,
        visitor_id=visitor.pk,
        attributes=attribute_texts(visitor.attributes) if visitor.is_identified else (),
    )


def attribute_texts(attributes: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Attributes as access rules compare them, by name: true and false in words, whole numbers without a point."""
    return tuple(sorted((name, _text(value)) for name, value in attributes.items()))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
