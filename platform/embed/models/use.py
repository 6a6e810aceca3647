"""How many messages were written: what a day's limits count, and what administrators see."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from embed.models.site import Site
from tenants.models import Visitor


class SiteDay(models.Model):
    """A site's messages of one day, in UTC."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    messages = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["site", "day"], name="one_row_a_site_and_day")]

    def __str__(self) -> str:
        return f"{self.site_id} {self.day}"


class VisitorDay(models.Model):
    """A visitor's messages of one day, in UTC. Deleting a conversation gives none of them back."""

    visitor = models.ForeignKey(Visitor, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    messages = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["visitor", "day"], name="one_row_a_visitor_and_day")]

    def __str__(self) -> str:
        return f"{self.visitor_id} {self.day}"
