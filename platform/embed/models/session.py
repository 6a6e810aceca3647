"""What a visitor's browser holds, and the vouchers that were used."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from embed.models.site import Site
from tenants.models import Visitor


class VisitorSession(models.Model):
    """One browser of a visitor's. Its short tokens name it, and are good for as long as it is there.

    ``digest`` is SHA-256 of the renewal secret, with which the browser gets its next token.
    """

    visitor = models.ForeignKey(Visitor, on_delete=models.CASCADE, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="visitor_session_by_end")]

    def __str__(self) -> str:
        return f"session {self.pk} of {self.visitor_id}"


class UsedIdentity(models.Model):
    """A voucher of the tenant's server that was used: each is good for once. ``digest`` is SHA-256 of its ``jti``."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64)
    expires_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["site", "digest"], name="one_use_of_an_identity")]
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="used_identity_by_end")]

    def __str__(self) -> str:
        return f"used at {self.site_id}"
