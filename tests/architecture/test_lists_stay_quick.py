"""What keeps the consoles' lists quick when they are long (docs/why/consoles.md). No row is needed to see it.

A list whose table stays small, whatever a tenant does, is named below with the reason. Every other one pages by keys,
is searched by an index of words, and offers only orders that an index has.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.postgres.indexes import GinIndex
from django.db.models import ForeignKey

from atrium.consoles import operator_site, tenant_site
from tenants.admin import BoundedPaginator, UseCaseAdmin
from tenants.words import word_index

SMALL = {
    "accessrule": "an administrator writes each of them",
    "budget": "an administrator writes each of them",
    "configuredassistant": "an administrator makes each of them",
    "collection": "documents are grouped in them: dozens",
    "erasurereceipt": "one a deleted tenant",
    "group": "an administrator makes each of them",
    "membergroup": "an administrator makes each of them",
    "modelprice": "one a model",
    "operatorkey": "an operator makes each of them by hand",
    "plan": "operators sell a handful",
    "platformbudget": "an operator writes each of them",
    "providercredential": "an administrator writes each of them",
    "ratelimit": "one a kind",
    "site": "one an embedded chat",
    "tenant": "thousands: read in milliseconds",
    "issue": "the example's",
}
ADMINS = [
    pytest.param(admin, id=f"{site.name}-{model._meta.model_name}")
    for site in (tenant_site, operator_site)
    for model, admin in site._registry.items()
]


def is_long(admin: Any) -> bool:
    return admin.opts.model_name not in SMALL


def leading_fields(model: Any) -> set[str]:
    """The fields that an index without a condition begins with, or that are unique."""
    plain = [index for index in model._meta.indexes if index.fields and index.condition is None]
    unique = {field.name for field in model._meta.fields if field.unique or field.db_index}
    return unique | {index.fields[0].lstrip("-") for index in plain}


def order_of(admin: Any, column: str) -> str:
    method = getattr(admin, column, None) or getattr(admin.model, column, None)
    return getattr(method, "admin_order_field", None) or column


@pytest.mark.parametrize("admin", ADMINS)
def test_a_list_pages_without_counting_or_skipping_all_rows(admin):
    assert issubclass(admin.paginator, BoundedPaginator), "UseCaseAdmin has one"
    assert admin.show_full_result_count is False
    assert admin.list_per_page <= 100


@pytest.mark.parametrize("admin", ADMINS)
def test_a_column_that_shows_a_related_row_reads_it_with_the_list(admin):
    keys = {field.name for field in admin.model._meta.fields if isinstance(field, ForeignKey)}
    assert keys & set(admin.list_display) <= set(admin.list_select_related or ())


@pytest.mark.parametrize("admin", [each for each in ADMINS if is_long(each.values[0])])
def test_a_long_list_is_ordered_and_searched_by_an_index(admin):
    model = admin.model
    first = (admin.ordering or model._meta.ordering)[0].lstrip("-")
    assert first in leading_fields(model), f"no index begins with {first}; or name the list in SMALL, and why"
    assert admin.sortable_by is not None, "say sortable_by: else every column can be sorted by; or name it in SMALL"
    for column in admin.sortable_by:
        assert order_of(admin, column).lstrip("-") in leading_fields(model), column
    searches_as_usual = type(admin).get_search_results is UseCaseAdmin.get_search_results
    assert not (admin.search_fields and searches_as_usual), "search_fields reads every row: search_words asks an index"
    if admin.search_words:
        asked = word_index(*admin.search_words, name="asked").expressions
        assert asked in [index.expressions for index in model._meta.indexes if isinstance(index, GinIndex)]


@pytest.mark.parametrize("admin", [each for each in ADMINS if is_long(each.values[0])])
def test_a_long_list_is_not_filtered_by_joining(admin):
    for each in admin.list_filter:
        if isinstance(each, str):
            field = admin.model._meta.get_field(each)
            assert not field.many_to_many, f"{each}: ask with EXISTS, as RoleFilter does"
