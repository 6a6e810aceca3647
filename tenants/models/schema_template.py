"""The SQL that makes a tenant's schema, kept so that each process need not work it out again."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.router import PUBLIC_ONLY


class SchemaTemplate(models.Model):
    """``script`` for one state of the code (``tenants/provisioning/template.py``); "" where none can be made."""

    lives_in = PUBLIC_ONLY

    fingerprint = models.CharField(max_length=64, primary_key=True)
    script = models.TextField()
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-made_at"]

    def __str__(self) -> str:
        return self.fingerprint
