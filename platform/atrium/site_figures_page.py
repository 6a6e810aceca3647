"""The page about how an embedded chat is used: figures of its last days, none of its texts."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path

from assistants.tenant_assistants import assistants_here
from assistants.use_cases.overview import today
from atrium.dashboards.cards import dollars, number, span_of, spans
from atrium.dashboards.charts import Chart, Series, day_chart, last_days
from embed.admin import SiteAdmin
from embed.use_cases.site_figures import SiteFigures, site_figures
from tenants.admin import actor_in_console


class EmbeddedChatAdmin(SiteAdmin):
    """Sites, and what they are used for."""

    def get_urls(self) -> list[Any]:
        """The page of figures, before the pages of single sites."""
        figures = self.admin_site.admin_view(self.figures_view)
        return [path("<str:object_id>/figures/", figures, name="embed_site_figures"), *super().get_urls()]

    def figures_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A site's last 7, 30 or 90 days."""
        site = self.get_object(request, object_id)
        if not self.has_change_permission(request, site):
            raise PermissionDenied
        if site is None:
            raise Http404
        days = span_of(request)
        figures = site_figures(actor_in_console(request), site, days)
        cls = assistants_here().find(site.assistant_id)
        searches = bool(cls and cls.has_rag)
        context = {
            **self.admin_site.each_context(request),
            **{"opts": self.opts, "title": f"{site.name} in figures", "site": site, "figures": figures},
            **{"spans": spans(days), "cost": dollars(figures.cost), "searches": searches},
            "without": number(figures.unsupported),
            "charts": charts_of(figures, searches),
        }
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        return TemplateResponse(request, "console/site_figures.html", context)


def charts_of(figures: SiteFigures, searches: bool) -> list[Chart]:
    """Messages by day; and answers without a source, where the assistant looks for passages at all."""
    days = last_days(figures.days, today())
    charts = [day_chart("messages", "Messages", days, [Series("messages", figures.messages)], number)]
    if searches:
        uncited = Series("answers", figures.without_source, "bad")
        charts.append(day_chart("without-source", "Answers without a source", days, [uncited], number))
    return charts
