"""The console page about issues. It is registered on the tenant's site above (atrium/consoles.py)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from unfold.decorators import display

from atrium.demo.example.models import Issue
from tenants.admin import UseCaseAdmin, moment_column

STATUS_COLOURS = {"Open": "info", "Closed": "success"}


class IssueAdmin(UseCaseAdmin):
    """Issues: to be read, written and assigned by hand."""

    list_display = ("__str__", "state", "assignee", "made")
    list_filter = ("status",)
    list_select_related = ("assignee",)
    search_fields = ("title", "body")
    fields = ("title", "body", "status", "assignee")
    made = moment_column("created_at", "Created")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A new issue is open and nobody's."""
        return self.fields if obj else ("title", "body")

    @display(description="Status", label=STATUS_COLOURS, ordering="status")
    def state(self, issue: Issue) -> str:
        """Open or closed, coloured."""
        return issue.get_status_display()
