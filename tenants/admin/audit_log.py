"""The audit log on a console: read, searched, and taken out as a file. Nobody writes here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import path
from django.utils import timezone
from unfold.decorators import display

from tenants.admin.base import UseCaseAdmin, moment_column
from tenants.admin.paging import UncountedPaginator
from tenants.audit.export import exported
from tenants.audit.kinds import known_values
from tenants.audit.words import action_in_words, changes_of, kind_in_words, who_in_words
from tenants.models import AuditEntry
from tenants.models.audit_entry import SEARCHED_IN_AUDIT
from tenants.use_cases.audit_log import record_export

MOST_FIELDS = 4  # that the list names of a change
_DAYS = (("1", "The last 24 hours"), ("7", "The last 7 days"), ("30", "The last 30 days"), ("365", "The last year"))


class WhenFilter(SimpleListFilter):
    """Entries of the last days."""

    title, parameter_name = "when", "since"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """In days."""
        return list(_DAYS)

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """The entries since then."""
        days = self.value()
        if days not in dict(_DAYS):
            return queryset
        return queryset.filter(created_at__gte=timezone.now() - timedelta(days=int(days)))


class _KnownValuesFilter(SimpleListFilter):
    """Entries with one of the values that a column has."""

    column: ClassVar[str]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The values, in words."""
        found = [(value, kind_in_words(value.replace(".", " "))) for value in known_values(self.column) if value]
        return sorted(found, key=lambda pair: pair[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """The entries with the chosen one."""
        return queryset.filter(**{self.column: self.value()}) if self.value() else queryset


class WhatFilter(_KnownValuesFilter):
    """By what was done."""

    title, parameter_name, column = "what", "action", "action"


class AboutFilter(_KnownValuesFilter):
    """By the kind of thing that it was done to."""

    title, parameter_name, column = "about", "about", "target_kind"


class AuditEntryAdmin(UseCaseAdmin):
    """Who did what, when and from where."""

    list_display = ("what", "who", "changed", "when")
    list_display_links = ("what",)
    list_filter = (WhatFilter, AboutFilter, WhenFilter, "via")
    search_words = SEARCHED_IN_AUDIT
    search_help_text = "Who, what, about whom, an address or a request id"
    sortable_by = ()
    paginator = UncountedPaginator  # to count all entries would take longer than everything else
    list_before_template = "console/audit_export.html"
    fields = ()
    change_form_template = "console/audit_entry.html"
    when = moment_column("created_at", "When")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Acts write entries."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An entry stays as it was written."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An entry stays."""
        return False

    # -- out of here

    def get_urls(self) -> list[Any]:
        """The download, before the pages of single entries."""
        downloading = self.admin_site.admin_view(self.export_view)
        return [path("export/<str:how>/", downloading, name="tenants_auditentry_export"), *super().get_urls()]

    def export_view(self, request: HttpRequest, how: str) -> HttpResponseBase:
        """What the list shows, all pages of it, as a file."""
        if not self.has_view_permission(request) or how not in ("csv", "jsonl"):
            raise PermissionDenied
        found = self.get_changelist_instance(request).queryset
        record_export(how, query=request.GET.urlencode())
        return exported(found, how)  # type: ignore[arg-type]

    # -- the page of one entry

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """The entry with what was there before and after. Here the permission to see it has been asked for."""
        entry: AuditEntry = context["original"]
        context |= {
            "entry": entry,
            "what": action_in_words(entry.action),
            "who": who_in_words(entry),
            "about": kind_in_words(entry.target_kind),
            "changes": list(changes_of(entry)),
            "show_history": False,
        }
        return super().render_change_form(request, context, *args, **kwargs)

    # -- columns

    @display(description="What", header=True)
    def what(self, entry: AuditEntry) -> tuple[str, str]:
        """What was done, and to whom or what."""
        return action_in_words(entry.action), entry.target

    @display(description="Who", header=True)
    def who(self, entry: AuditEntry) -> tuple[str, str]:
        """Who did it, and from where."""
        return who_in_words(entry), " · ".join(filter(None, (entry.get_via_display(), entry.address)))

    @display(description="Changed")
    def changed(self, entry: AuditEntry) -> str:
        """The names of the fields."""
        names = [each.field for each in changes_of(entry)]
        more = f" and {len(names) - MOST_FIELDS} more" if len(names) > MOST_FIELDS else ""
        return ", ".join(names[:MOST_FIELDS]) + more or "-"
