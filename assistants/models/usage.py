"""What tenants use and hold, counted for the operators: in the public schema, so that one query reads all tenants.

Numbers only, and no content. A job counts them (``assistants/use_cases/tally.py``); each row says as of when.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.router import PUBLIC_ONLY


class UsageDay(models.Model):
    """What one tenant has used on one day (UTC). ``cost`` is in US dollars, without the ``unpriced`` runs."""

    lives_in = PUBLIC_ONLY

    id = models.BigAutoField(primary_key=True)
    schema_name = models.CharField(max_length=63)
    day = models.DateField()
    runs = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    messages = models.PositiveIntegerField(default=0)
    tokens = models.BigIntegerField(default=0)
    cost = models.DecimalField(max_digits=20, decimal_places=8, default=0)
    unpriced = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["day", "schema_name"], name="one_row_a_tenant_and_day")
        ]

    def __str__(self) -> str:
        return f"{self.schema_name} {self.day}"


class TenantFigures(models.Model):
    """What one tenant held when it was counted last. ``storage`` is in bytes, of documents as they were handed in."""

    lives_in = PUBLIC_ONLY

    id = models.BigAutoField(primary_key=True)
    schema_name = models.CharField(max_length=63, unique=True)
    members = models.PositiveIntegerField(default=0)
    documents = models.PositiveIntegerField(default=0)
    documents_failed = models.PositiveIntegerField(default=0)
    storage = models.BigIntegerField(default=0)
    migrations_behind = models.PositiveIntegerField(default=0, help_text="Migrations that its schema lacks.")
    counted_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.schema_name
