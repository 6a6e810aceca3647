"""Every administrative act is recorded: whatever a console or an API changes leads to ``tenants.audit.record``, or says
here why it does not.

When a test of this file fails for something new: call ``record`` (or ``recorded``, ``save_recorded``,
``delete_recorded``) from ``tenants.audit`` in the use case that does it, in the transaction of the act; name the fields
that may be seen in the model's ``audited_fields``. Only for what is no administrative act, write an exemption.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.admin import ModelAdmin

from atrium.api import api, openai_api
from atrium.consoles import operator_site, tenant_site
from atrium.operator_api import operator_api
from tenants.audit import record
from tenants.audit.snapshot import SECRET_NAMES, audited_fields
from tests.architecture.reaching import reaches

OWN_CONVERSATIONS = "somebody's own conversation, which is no administrative act"
READS = "it reads, and changes nothing"
SAYS_ITSELF = "documents say themselves when they came, in which version they are and how far"

EXEMPT_OPERATIONS = {
    **dict.fromkeys(
        (
            *("ai_create_thread", "ai_update_thread", "ai_delete_thread", "ai_create_thread_message"),
            *("ai_delete_thread_message", "ai_create_run", "ai_cancel_run", "ai_decide_run", "ai_regenerate_run"),
            *("ai_show_run", "ai_give_feedback", "ai_take_feedback_back", "create_completion"),
            "try_assistant",  # a run of the playground, which stores no setting
        ),
        OWN_CONVERSATIONS,
    ),
    **dict.fromkeys(("refuse_method", "refuse_method_of_model", "refuse_unknown"), "it refuses, and does nothing"),
    **dict.fromkeys(
        (
            *("add_document", "upload_documents", "replace_document", "cancel_document"),
            *("reprocess_document", "reprocess_documents"),
        ),
        SAYS_ITSELF,
    ),
    "search_collections": READS,
    "preview_access_rule": READS,
    "examine_page": READS,
}
EXEMPT_PAGES = {
    "console.AccessRule.explain_page": READS,
    "console.Document.search_page": READS,
    "console.Document.take_in_anew": SAYS_ITSELF,
    "console.Document.cancel": SAYS_ITSELF,
}
HOOKS = ("save_model", "delete_model", "delete_queryset", "save_formset")
ACTIONS = ("actions", "actions_list", "actions_row", "actions_detail", "actions_submit_line")


def pages() -> Iterator[tuple[str, ModelAdmin]]:
    """Each model's pages on a console."""
    for site in (tenant_site, operator_site):
        for model, page in site._registry.items():
            yield f"{site.name}.{model.__name__}", page


def ways_to_change(page: ModelAdmin) -> Iterator[tuple[str, Any]]:
    """The methods of a page that store, delete, or do what a button says."""
    for name in HOOKS:
        yield name, getattr(type(page), name)
    for kind in ACTIONS:
        for name in _names_in(getattr(page, kind, None) or ()):
            if hasattr(type(page), name):
                yield name, getattr(type(page), name)


def _names_in(actions: Any) -> Iterator[str]:
    for each in actions:
        if isinstance(each, dict):
            yield from _names_in(each.get("items", ()))
        elif isinstance(each, str):
            yield each


PAGES = {f"{name}.{way}": (page, method) for name, page in pages() for way, method in ways_to_change(page)}


def operations() -> Iterator[tuple[str, Any]]:
    """The operations of all APIs that change something, by the name that the API's document has for them."""
    for each in (api, operator_api, openai_api):
        for router in each._get_bound_routers():
            for view in router.path_operations.values():
                for operation in view.operations:
                    if not {"GET", "HEAD", "OPTIONS"}.issuperset(operation.methods):
                        yield operation.operation_id or operation.view_func.__name__, operation.view_func


OPERATIONS = dict(operations())


@pytest.mark.parametrize("way", sorted(PAGES.keys() - EXEMPT_PAGES.keys()))
def test_what_a_page_of_a_console_changes_is_recorded(way):
    page, method = PAGES[way]
    assert reaches(method, record, type(page)), f"{way} does not lead to tenants.audit.record. {__doc__}"


@pytest.mark.parametrize("name", sorted(OPERATIONS.keys() - EXEMPT_OPERATIONS.keys()))
def test_what_an_operation_of_an_api_changes_is_recorded(name):
    assert reaches(OPERATIONS[name], record), f"{name} does not lead to tenants.audit.record. {__doc__}"


def test_an_exemption_is_of_something_that_is_there_and_would_fail():
    for way in EXEMPT_PAGES:
        page, method = PAGES[way]
        assert not reaches(method, record, type(page)), f"{way} is recorded: its exemption can go"
    for name in EXEMPT_OPERATIONS:
        assert not reaches(OPERATIONS[name], record), f"{name} is recorded: its exemption can go"


class MayAll:
    """Somebody who has every permission."""

    is_active = is_staff = is_superuser = True
    pk = None

    def has_perm(self, *_: Any) -> bool:
        return True

    has_module_perms = has_perm


def changes_rows(page: ModelAdmin) -> bool:
    """False for pages on which nobody can add, change or delete anything."""
    request = SimpleNamespace(user=MayAll(), method="GET", resolver_match=None)
    asked = (page.has_add_permission, page.has_change_permission)
    return any(ask(request) for ask in asked) or type(page).has_delete_permission is ModelAdmin.has_delete_permission


CHANGED = {name: page.model for name, page in pages() if changes_rows(page)}


@pytest.mark.parametrize("name", sorted(CHANGED))
def test_a_model_of_a_console_says_what_the_log_may_show_of_it_and_that_is_no_secret(name):
    model = CHANGED[name]
    shown = audited_fields(model)
    assert shown is not None, f"{model.__name__} has no audited_fields. {__doc__}"
    known = {field.name for field in model._meta.get_fields()}
    assert set(shown) <= known
    allowed = {"api_key"}  # a key to the key's row, which stands there by its name
    assert [field for field in shown if SECRET_NAMES.search(field) and field not in allowed] == []
