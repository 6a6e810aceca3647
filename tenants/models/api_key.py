"""API keys: shown once, stored hashed."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from tenants.scopes import ordinary_scopes
from tenants.words import word_index


class ApiKey(models.Model):
    """Lets a program call the API, for a member or as itself.

    ``prefix`` is the readable start by which people recognise a key; ``digest`` is SHA-256 of the whole key. A key
    holds 256 random bits, so a slow password hash would protect nothing and cost every request. ``last_used_at`` is
    right to a minute or two (``tenants/key_use.py``).
    """

    audited_fields: ClassVar = ("name", "prefix", "user", "scopes", "assistants", "expires_at", "revoked_at")
    audited_names: ClassVar = {"assistants": "assistants"}

    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=20, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="api_keys",
        help_text="The member that this key acts for. Empty: it acts as itself.",
    )
    scopes = ArrayField(models.CharField(max_length=50), default=ordinary_scopes, help_text="What it may be used for.")
    assistants = ArrayField(
        models.CharField(max_length=255), default=list, blank=True, help_text="Ids of assistants. None chosen: all."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering: ClassVar = ["-created_at"]
        verbose_name = "API key"
        indexes: ClassVar = [
            models.Index(fields=["-created_at", "-id"], name="api_key_by_time"),
            word_index("name", "prefix", name="api_key_words"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_valid(self) -> bool:
        """True while the key is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())
