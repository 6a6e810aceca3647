"""Receipts of tenants that were deleted: what was there, and that it is gone. They hold no content."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.router import PUBLIC_ONLY


class ErasureReceipt(models.Model):
    """What was deleted, when, by whom.

    ``tables`` maps each table of the tenant's schema to ``{"rows": n, "sha256": hex}``. The checksum is of the rows'
    text (``tenants/provisioning/erase.py``), so that a copy that turns up can be told to be one. ``digest`` is SHA-256
    of the receipt itself (``tenants/use_cases/receipts.py``).
    """

    lives_in = PUBLIC_ONLY

    tenant_name = models.CharField(max_length=200)
    schema_name = models.CharField(max_length=63)
    hosts = models.JSONField(default=list)
    opened_at = models.DateTimeField()
    erased_at = models.DateTimeField()
    erased_by = models.CharField(max_length=200)
    tables = models.JSONField(default=dict)
    rows = models.BigIntegerField()
    jobs = models.IntegerField()
    digest = models.CharField(max_length=64)

    class Meta:
        ordering: ClassVar = ["-erased_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.tenant_name} ({self.schema_name})"
