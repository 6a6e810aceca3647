"""Every page of a console that shows a list: as it opens, last page, each filter, each order, searched.

They are found by asking the site itself, so that a new list or filter is measured without being named here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest
from django.test import RequestFactory

from benchmarks.consoles.seed import ABSENT, FEW, FREQUENT, RARE
from tenants.models import User

MOST_CHOICES = 5  # of one filter: a list of 1,000 collections has as many
WORDS = {"in every row": FREQUENT, "in few": FEW, "in one": RARE, "in none": ABSENT}


@dataclass(frozen=True)
class Page:
    """One page: of which list, what is done with it, and its address below ``/admin/``."""

    list: str
    what: str
    path: str


def pages_of(site: Any, user: User) -> Iterator[Page]:
    """All of them, for who may see all."""
    yield Page("first page", "as it opens", "")
    yield Page("usage", "as it opens", "usage/")
    for model, admin in site._registry.items():
        path = f"{model._meta.app_label}/{model._meta.model_name}/"
        name = str(model._meta.verbose_name_plural)
        yield Page(name, "as it opens", path)
        listed = _listed(admin, path, user)
        yield from (Page(name, what, f"{path}{query}") for what, query in _ways(admin, listed))
        if admin.has_add_permission(_request(path, user)):
            yield Page(name, "a new one", f"{path}add/")
        row = model._default_manager.order_by("-pk").first()
        if row is not None:
            yield Page(name, "one of them", f"{path}{row.pk}/change/")


def _request(path: str, user: User) -> HttpRequest:
    request = RequestFactory().get(f"/admin/{path}")
    request.user, request._messages = user, CookieStorage(request)  # type: ignore[attr-defined]
    return request


def _listed(admin: Any, path: str, user: User) -> Any:
    return admin.get_changelist_instance(_request(path, user))


def _ways(admin: Any, listed: Any) -> Iterator[tuple[str, str]]:
    if listed.paginator.num_pages > 1:
        yield "last page", f"?p={listed.paginator.num_pages}"
    for spec in listed.filter_specs:
        choices = [choice for choice in spec.choices(listed) if not choice.get("selected")]
        for choice in choices[:MOST_CHOICES]:
            yield f"{spec.title}: {choice['display']}", choice["query_string"]
    for number, column in enumerate(listed.list_display):
        if listed.sortable_by and column in listed.sortable_by and listed.get_ordering_field(column):
            yield f"by {column}", f"?o={number}"
            yield f"by {column}, down", f"?o=-{number}"
    if listed.search_fields:
        yield from ((f"a word {how}", f"?q={word}") for how, word in WORDS.items())
        yield "two words", f"?q={FREQUENT}+{FEW}"
