"""What operators sell: plans, and what models cost. In the public schema."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MinValueValidator
from django.db import models

from tenants.router import PUBLIC_ONLY


def _limit(name: str, help_text: str = "") -> models.PositiveBigIntegerField:
    return models.PositiveBigIntegerField(name, null=True, blank=True, help_text=help_text or "Empty: no limit.")


class Plan(models.Model):
    """What a tenant may have and use. An empty limit is none; an empty list stands for all.

    Tenants without a plan of their own have the default one.
    """

    lives_in = PUBLIC_ONLY
    audited_fields: ClassVar = (
        *("name", "is_default", "members", "documents", "storage_mb", "tokens_a_month", "cost_a_month"),
        *("requests_a_minute", "assistant_ids", "model_names"),
    )

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=100, unique=True)
    is_default = models.BooleanField("default", default=False, help_text="For tenants that have no plan of their own.")
    members = _limit("members", "Active ones. Empty: no limit.")
    documents = _limit("documents")
    storage_mb = _limit("storage in MB", "Of documents as they were handed in. Empty: no limit.")
    tokens_a_month = _limit("tokens a month")
    cost_a_month = models.DecimalField(
        "US dollars a month",
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="Empty: no limit. Models without a price count as free.",
    )
    requests_a_minute = _limit("requests a minute", "To the API, by all of a tenant's people. Empty: no limit.")
    assistant_ids = models.JSONField("assistants", default=list, blank=True, help_text="Their ids. Empty: all.")
    model_names = models.JSONField("models", default=list, blank=True, help_text="Their names. Empty: all.")

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["is_default"], condition=models.Q(is_default=True), name="one_default_plan")
        ]

    def __str__(self) -> str:
        return self.name


class ModelPrice(models.Model):
    """What a model's tokens cost, in US dollars a million. Goes before the setting ``ATRIUM_MODEL_PRICES``."""

    lives_in = PUBLIC_ONLY
    audited_fields: ClassVar = ("model", "tokens_in", "tokens_out", "cached_in")

    id = models.BigAutoField(primary_key=True)
    model = models.CharField(
        max_length=255, unique=True, help_text="The model's name, or its beginning with a * behind: gpt-4o*."
    )
    tokens_in = models.DecimalField("in", max_digits=12, decimal_places=6, validators=[MinValueValidator(0)])
    tokens_out = models.DecimalField("out", max_digits=12, decimal_places=6, validators=[MinValueValidator(0)])
    cached_in = models.DecimalField(
        "in, cached",
        max_digits=12,
        decimal_places=6,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="What the provider reads from its cache. Empty: as much as any other.",
    )

    class Meta:
        ordering: ClassVar = ["model"]

    def __str__(self) -> str:
        return self.model
