"""Visitors: people who chat through a chat that is embedded in a page of the tenant's."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Visitor(models.Model):
    """Somebody at a site. Anonymous, or identified: then the tenant's own server has vouched for ``subject``.

    A person is one visitor of each site. ``attributes`` are what the server said of the person (a plan, a language), as
    a flat JSON object. What a visitor has said goes with it: threads are deleted with their visitor.
    """

    site_id = models.CharField("site", max_length=64)
    subject = models.CharField(
        max_length=255, blank=True, help_text="Who it is, in the words of the tenant's server. Empty: anonymous."
    )
    attributes = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(help_text="Right to a quarter of an hour.")

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["site_id", "subject"], condition=~models.Q(subject=""), name="one_visitor_a_person_and_site"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["site_id", "seen_at"], name="visitor_by_site")]

    def __str__(self) -> str:
        return f"{self.subject or f'Visitor {self.pk}'} at {self.site_id}"

    @property
    def is_identified(self) -> bool:
        """True where the tenant's server has said who it is."""
        return bool(self.subject)
