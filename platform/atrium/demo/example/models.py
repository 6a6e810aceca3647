"""Issues: a table in each tenant's schema."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class Issue(models.Model):
    """Something that somebody must look after. Its key is its number; each tenant counts from 1."""

    class Status(models.TextChoices):
        """Closed issues are kept."""

        OPEN = "open", "Open"
        CLOSED = "closed", "Closed"

    audited_fields: ClassVar = ("title", "status", "assignee")

    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="issues"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"#{self.pk} {self.title}"
