"""The queue of jobs on the operators' console: what waits, runs and failed. What failed is tried again."""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Max, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from procrastinate.contrib.django.models import ProcrastinateEvent, ProcrastinateJob
from unfold.decorators import action, display

from tenants.admin.base import UseCaseAdmin, moment_column
from tenants.use_cases.jobs import retry_job
from tenants.waiting_jobs import NEVER

_STATES = {
    "todo": "Waiting",
    "doing": "Running",
    "failed": "Failed",
    "succeeded": "Done",
    "cancelled": "Cancelled",
    "aborted": "Aborted",
}
_COLOURS = {"Failed": "danger", "Running": "info", "Done": "success", "Held": "warning", "Later": "info"}


class JobAdmin(UseCaseAdmin):
    """Jobs that are not done: those that ended well are deleted. Why one failed, the worker says by its number."""

    called = ("job", "jobs")
    list_display = ("kind", "tenant", "state", "attempts", "queue_name", "last")
    list_filter = ("status",)
    ordering = ("-id",)
    sortable_by = ()
    actions = ("retry",)
    list_before_template = "console/jobs.html"
    fieldsets = ((None, {"fields": (("kind", "tenant"), ("state", "attempts"), ("queue_name", "last"), "given")}),)
    last = moment_column("last_at", "Last event")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProcrastinateJob]:
        """Jobs with the moment of their last event."""
        events = ProcrastinateEvent.objects.filter(job=OuterRef("pk")).order_by().values("job")
        last = events.annotate(at_last=Max("at")).values("at_last")
        return super().get_queryset(request).annotate(last_at=Subquery(last))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Who sees tenants sees their jobs."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who sees tenants sees their jobs."""
        return request.user.has_perm("tenants.view_tenant")  # type: ignore[union-attr]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Jobs are queued by what needs them."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A job is tried again, and not changed."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What a job is for would stay undone."""
        return False

    @action(description="Try again those that failed")
    def retry(self, request: HttpRequest, jobs: QuerySet[ProcrastinateJob]) -> None:
        """Put the chosen jobs back into the queue."""
        if not request.user.has_perm("tenants.change_tenant"):  # type: ignore[union-attr]
            raise PermissionDenied
        self.do_to_each(request, jobs, lambda job: retry_job(job.pk), "Tried again")

    @display(description="Job", header=True)
    def kind(self, job: ProcrastinateJob) -> tuple[str, str]:
        """What it does, and its number."""
        return job.task_name, f"job {job.pk}"

    @display(description="Tenant")
    def tenant(self, job: ProcrastinateJob) -> str:
        """The schema's name, of a job that is of a tenant."""
        return job.args.get("tenant_schema") or "-"

    @display(description="Status", label=_COLOURS)
    def state(self, job: ProcrastinateJob) -> str:
        """How it stands, in words."""
        if job.status == "todo" and job.scheduled_at is not None:
            if job.scheduled_at >= NEVER:
                return "Held"  # until its tenant is resumed
            if job.scheduled_at > timezone.now():
                return "Later"
        return _STATES.get(job.status, job.status)

    @display(description="Given to it")
    def given(self, job: ProcrastinateJob) -> SafeString:
        """Its arguments, which are ids and no content."""
        return format_html('<pre class="console-data">{}</pre>', json.dumps(job.args, indent=2, ensure_ascii=False))
