"""Invitations: somebody at an e-mail address may become a member."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from tenants.words import word_index


class Invitation(models.Model):
    """Open until it is accepted or withdrawn; its link works until ``expires_at``, and sending it again renews it.

    The link holds ``nonce``, signed (``tenants/links.py``): a new one with each sending, so older links end.
    """

    audited_fields: ClassVar = ("email", "role", "sent_at", "expires_at", "accepted_at", "withdrawn_at")

    email = models.EmailField("e-mail address")
    role = models.ForeignKey(Group, on_delete=models.PROTECT, related_name="+")
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    nonce = models.CharField(max_length=43, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(editable=False)
    expires_at = models.DateTimeField(editable=False)
    accepted_at = models.DateTimeField(null=True, editable=False)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering: ClassVar = ["-sent_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                Lower("email"),
                name="one_open_invitation_an_address",
                condition=models.Q(accepted_at=None, withdrawn_at=None),
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["-sent_at", "-id"], name="invitation_by_time"),
            word_index("email", name="invitation_words"),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def is_open(self) -> bool:
        """True until it is accepted or withdrawn."""
        return self.accepted_at is None and self.withdrawn_at is None

    @property
    def is_expired(self) -> bool:
        """True when the link that was sent last does not work any more."""
        return self.expires_at <= timezone.now()
