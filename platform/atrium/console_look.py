"""How the two consoles look: unfold's settings, one set for each site.

Colours are in ``static/atrium/console.css``: unfold would write them into a style element of each page, which the
content security policy forbids.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy

from tenants.context import current_tenant


def tenant_name(request: HttpRequest) -> str:
    """The name of the tenant whose console it is."""
    tenant = current_tenant()
    return tenant.name if tenant else "Atrium"


def _may_see(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(permission)  # type: ignore[union-attr]


def _link(title: str, icon: str, site: str, model: str) -> dict[str, Any]:
    app, name = model.split(".")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"{site}:{app}_{name}_changelist"),
        "permission": _may_see(f"{app}.view_{name}"),
    }


def _usage(site: str, may_see: Callable[[HttpRequest], bool]) -> dict[str, Any]:
    return {"title": "Usage", "icon": "monitoring", "link": reverse_lazy(f"{site}:usage"), "permission": may_see}


def _may_see_usage(request: HttpRequest) -> bool:
    from assistants.use_cases.usage import may_see_usage  # the settings read this module: no app is there yet
    from tenants.admin import actor_in_console

    return request.user.is_authenticated and may_see_usage(actor_in_console(request))


def _overview(site: str) -> dict[str, Any]:
    return {"title": "Overview", "icon": "space_dashboard", "link": reverse_lazy(f"{site}:index")}


ISSUES = {"title": "Work", "items": [_link("Issues", "task_alt", "console", "example.issue")]}  # of the example app
_CHAT = {"title": "Open the chat", "icon": "chat_bubble", "link": "/", "active": lambda request: False}

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Atrium",
    "SITE_HEADER": "Atrium",
    "SITE_ICON": lambda request: static("embed/atrium.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("embed/atrium.svg")},
    ],
    "STYLES": [lambda request: static("atrium/console.css")],
    "SCRIPTS": [lambda request: static("atrium/console.js")],
    "SHOW_HISTORY": True,
    "SHOW_BACK_BUTTON": True,
    "SHOW_VIEW_ON_SITE": False,
}

UNFOLD_OPERATOR: dict[str, Any] = {
    **UNFOLD,
    "SITE_TITLE": "Operators' console",
    "SITE_HEADER": "Atrium",
    "SITE_SUBHEADER": "Operators",
    "SITE_URL": None,
    "DASHBOARD_CALLBACK": "atrium.dashboards.operator_dashboard",
    "SIDEBAR": {
        "show_search": False,
        "navigation": [
            {"items": [_overview("operator")]},
            {
                "title": "Customers",
                "items": [
                    _link("Tenants", "domain", "operator", "tenants.tenant"),
                    _link("Erasure receipts", "receipt_long", "operator", "tenants.erasurereceipt"),
                    {
                        **_link("Jobs", "pending_actions", "operator", "procrastinate.procrastinatejob"),
                        "permission": _may_see("tenants.view_tenant"),
                    },
                ],
            },
            {
                "title": "People",
                "items": [
                    _link("Operators", "shield_person", "operator", "tenants.user"),
                    _link("API keys", "key", "operator", "tenants.operatorkey"),
                    _link("Audit log", "history", "operator", "tenants.auditentry"),
                ],
            },
            {
                "title": "Plans and costs",
                "items": [
                    _usage("operator", _may_see("tenants.view_tenant")),
                    _link("Plans", "loyalty", "operator", "tenants.plan"),
                    _link("Budgets", "savings", "operator", "tenants.platformbudget"),
                    _link("Prices of models", "sell", "operator", "tenants.modelprice"),
                ],
            },
        ],
    },
}

UNFOLD_TENANT: dict[str, Any] = {
    **UNFOLD,
    "SITE_TITLE": lambda request: f"{tenant_name(request)} console",
    "SITE_HEADER": tenant_name,
    "SITE_SUBHEADER": "Console",
    "SITE_URL": "/",
    "DASHBOARD_CALLBACK": "atrium.dashboards.tenant_dashboard",
    "SIDEBAR": {
        "show_search": False,
        "navigation": [
            {"items": [_overview("console"), _CHAT]},
            {
                "title": "Conversations",
                "items": [
                    _link("Threads", "forum", "console", "assistants.thread"),
                    _link("Runs", "timeline", "console", "assistants.run"),
                ],
            },
            {
                "title": "Assistants",
                "items": [
                    {
                        **_link("All assistants", "smart_toy", "console", "assistants.configuredassistant"),
                        "permission": _may_see("assistants.change_configuredassistant"),
                    },
                ],
            },
            {
                "title": "Knowledge",
                "items": [
                    _link("Documents", "description", "console", "rag.document"),
                    _link("Collections", "folder_open", "console", "rag.collection"),
                ],
            },
            {
                "title": "People",
                "items": [
                    _link("Members", "group", "console", "tenants.user"),
                    _link("Groups", "groups", "console", "tenants.membergroup"),
                    _link("Invitations", "mail", "console", "tenants.invitation"),
                ],
            },
            {
                "title": "Access",
                "items": [
                    _link("Access rules", "rule", "console", "tenants.accessrule"),
                    _link("API keys", "key", "console", "tenants.apikey"),
                    _link("Embedded chats", "add_comment", "console", "embed.site"),
                    _link("Audit log", "history", "console", "tenants.auditentry"),
                ],
            },
            {
                "title": "Limits",
                "items": [
                    _usage("console", _may_see_usage),
                    _link("Budgets", "savings", "console", "tenants.budget"),
                    _link("Rate limits", "speed", "console", "tenants.ratelimit"),
                ],
            },
            {
                "title": "Models",
                "items": [_link("Model providers", "dns", "console", "tenants.providercredential")],
            },
        ],
    },
}
