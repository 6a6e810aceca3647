"""Runs: one execution of an assistant on a thread, and what happened in it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from assistants.models.thread import Thread


class Run(models.Model):
    """One execution of an assistant on a thread. At most one is active in a thread: the database sees to it."""

    class Status(models.TextChoices):
        """Where a run stands. The last three are final."""

        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        WAITING = "waiting", "Waiting for approval"
        COMPLETED = "completed", "Completed"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    ACTIVE: ClassVar = (Status.QUEUED, Status.RUNNING, Status.WAITING)

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="runs")
    assistant_id = models.CharField(max_length=255)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.RUNNING)
    actor_kind = models.CharField(max_length=20)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    rule_id = models.BigIntegerField(null=True, blank=True, help_text="The access rule that allowed it.")
    model = models.CharField(max_length=255, blank=True)
    tokens_in = models.IntegerField(default=0)
    tokens_out = models.IntegerField(default=0)
    error_code = models.CharField(max_length=100, blank=True)
    error_detail = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    heartbeat_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["thread"],
                condition=models.Q(status__in=["queued", "running", "waiting"]),
                name="one_active_run_a_thread",
            )
        ]

    def __str__(self) -> str:
        return f"{self.assistant_id}: {self.get_status_display()}"


class RunEvent(models.Model):
    """One thing that happened in a run, in order: what a stream sends, kept."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="events")
    sequence = models.PositiveIntegerField()
    type = models.CharField(max_length=40)
    payload = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["run", "sequence"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "sequence"], name="one_event_a_sequence_number")
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.type}"
