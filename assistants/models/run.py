"""Runs: one execution of an assistant on a thread, and what happened in it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from assistants.models.thread import Thread
from tenants.router import PUBLIC_ONLY


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

    class Grounding(models.TextChoices):
        """On what a grounded answer rests. The last two are no answers: the assistant has said that it has none."""

        CITED = "cited", "Cites passages"
        TOOL = "tool", "Rests on a tool's answer"
        NO_PASSAGES = "no_passages", "Nothing was found"
        NO_CITATION = "no_citation", "The model cited nothing"

    UNSUPPORTED: ClassVar = (Grounding.NO_PASSAGES, Grounding.NO_CITATION)

    ACTIVE: ClassVar = (Status.QUEUED, Status.RUNNING, Status.WAITING)

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="runs")
    assistant_id = models.CharField(max_length=255)
    assistant_version = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.RUNNING)
    actor_kind = models.CharField(max_length=20)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    api_key = models.ForeignKey("tenants.ApiKey", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    question = models.ForeignKey("Message", on_delete=models.SET_NULL, null=True, blank=True, related_name="answers")
    replaces = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="replaced_by",
        help_text="The run whose answer this one was asked to give anew.",
    )
    rule_id = models.BigIntegerField(null=True, blank=True, help_text="The access rule that allowed it.")
    model = models.CharField(max_length=255, blank=True)
    prompt_hash = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the system prompt.")
    tokens_in = models.IntegerField(default=0)
    tokens_out = models.IntegerField(default=0)
    tokens_cached = models.IntegerField(default=0, help_text="Of those that went in, read from the provider's cache.")
    cost = models.DecimalField(
        max_digits=16, decimal_places=8, null=True, blank=True, help_text="In US dollars; empty: the price is unknown."
    )
    removed_markers = models.PositiveSmallIntegerField(
        default=0, help_text="Citations of passages that there were not, taken out of the answer."
    )
    grounding = models.CharField(
        max_length=20, choices=Grounding.choices, blank=True, help_text="Empty: the assistant does not ask for it."
    )
    error_code = models.CharField(max_length=100, blank=True)
    error_detail = models.TextField(blank=True)
    error_detail_admin = models.TextField(blank=True, help_text="For administrators: which model, which status.")
    decisions = models.JSONField(default=dict, blank=True, help_text="On proposed tool calls, by the call's id.")
    receipt = models.JSONField(default=dict, blank=True, help_text="What the answer rests on, step by step.")
    created_at = models.DateTimeField(auto_now_add=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["thread"],
                condition=models.Q(status__in=["queued", "running", "waiting"]),
                name="one_active_run_a_thread",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["-created_at", "-id"], name="run_by_time"),
            models.Index(fields=["assistant_id", "-created_at"], name="run_by_assistant"),
            # What sums over days need, so that they read no rows, whose receipts are long.
            models.Index(
                fields=["created_at"],
                include=["status", "assistant_id", "tokens_in", "tokens_out", "cost", "created_by", "api_key", "id"],
                name="run_use_by_time",
            ),
            # The few that are looked for: most runs are completed.
            models.Index(
                fields=["status", "-created_at"], condition=~models.Q(status="completed"), name="unusual_run_by_time"
            ),
            # The few whose model has cited wrongly, or that had no answer.
            models.Index(
                fields=["created_at"], condition=models.Q(removed_markers__gt=0), name="wrongly_citing_run_by_time"
            ),
            models.Index(
                fields=["created_at"],
                condition=models.Q(grounding__in=["no_passages", "no_citation"]),
                name="unsupported_run_by_time",
            ),
        ]

    def __str__(self) -> str:
        from assistants.tenant_assistants import names_here  # which knows them by their rows

        return f"{self.get_status_display()} run of {names_here().get(self.assistant_id, self.assistant_id)}"

    @property
    def is_active(self) -> bool:
        """True until the run has come to its end; one that waits for approval has not."""
        return self.status in self.ACTIVE


class IdempotencyKey(models.Model):
    """A key that came with a request which began, or went on with, a run. ``scope`` is whose it is."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    scope = models.CharField(max_length=64)
    key = models.CharField(max_length=255)
    request_digest = models.CharField(max_length=64, help_text="SHA-256 of what was asked.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "key"], name="one_request_an_idempotency_key")
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.key}"


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


class RunLease(models.Model):
    """Which process works on a run. In the public schema: one look finds the runs of all tenants that lost theirs.

    It holds no content. A lease is made and ended in the statements that begin and end the run, and kept alive by its
    process; one whose heartbeat is old belongs to a process that died (assistants/runs/keeper.py).
    """

    lives_in = PUBLIC_ONLY
    open_to_tenants = True  # its own rows: a lease is made in the statement that stores the tenant's question

    id = models.BigAutoField(primary_key=True)
    schema_name = models.CharField(max_length=63)
    run_id = models.CharField(max_length=40)
    owner = models.UUIDField()
    attempts = models.PositiveSmallIntegerField(default=1)
    resumable = models.BooleanField(default=True, help_text="False: asked from Python, by code that is gone with it.")
    heartbeat_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["schema_name", "run_id"], name="one_lease_a_run"),
        ]
        indexes: ClassVar = [models.Index(fields=["heartbeat_at"], name="lease_by_heartbeat")]

    def __str__(self) -> str:
        return f"{self.schema_name} {self.run_id}"
