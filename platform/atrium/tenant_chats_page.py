"""The operators' page about one tenant's embedded chats: figures of each, and nothing that anybody has said."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from atrium.dashboards.cards import dollars, span_of, spans
from embed.use_cases.site_figures import MOST_SITES, sites_in_figures
from tenants.admin import TenantAdmin
from tenants.context import tenant_context
from tenants.models import Tenant


class TenantWithChatsAdmin(TenantAdmin):
    """Tenants, and how much their embedded chats are used."""

    readonly_fields: Any = (*TenantAdmin.readonly_fields, "embedded_chats")
    fieldsets: Any = (*TenantAdmin.fieldsets, ("Use", {"fields": ("embedded_chats",)}))

    def get_urls(self) -> list[Any]:
        """The page of figures, before the pages of single tenants."""
        chats = self.admin_site.admin_view(self.chats_view)
        return [path("<path:object_id>/embedded-chats/", chats, name="tenants_tenant_chats"), *super().get_urls()]

    @display(description="Embedded chats")
    def embedded_chats(self, tenant: Tenant) -> SafeString:
        """The way to the page."""
        address = reverse("admin:tenants_tenant_chats", args=[tenant.pk])
        return format_html('<a class="console-link" href="{}">How they are used</a>', address)

    def chats_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The chats of a tenant in their last 7, 30 or 90 days."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        tenant = self.get_object(request, object_id)
        if tenant is None:
            raise Http404
        days = span_of(request)
        with tenant_context(tenant.as_ref()):
            rows = [(site, figures, dollars(figures.cost)) for site, figures in sites_in_figures(days)]
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        context = {
            **self.admin_site.each_context(request),
            **{"opts": self.opts, "title": f"Embedded chats of {tenant.name}", "tenant": tenant, "rows": rows},
            **{"spans": spans(days), "days": days, "is_cut": len(rows) == MOST_SITES},
        }
        return TemplateResponse(request, "console/tenant_chats.html", context)
