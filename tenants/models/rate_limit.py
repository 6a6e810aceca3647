"""Rate limits: how many requests a minute."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from tenants.router import PUBLIC_ONLY


class RateLimit(models.Model):
    """How many requests to the API each key, member, site or address may make in a minute. Set by a tenant's
    administrators; the tenant's plan limits all of them together."""

    audited_fields: ClassVar = ("scope", "requests_a_minute", "enabled")

    class Scope(models.TextChoices):
        """What is counted by itself."""

        KEY = "key", "Each API key"
        MEMBER = "member", "Each member"
        SITE = "site", "Each site, all its visitors together"
        ADDRESS = "address", "Each network address"

    id = models.BigAutoField(primary_key=True)
    scope = models.CharField("for", max_length=10, choices=Scope.choices, unique=True)
    requests_a_minute = models.PositiveIntegerField(
        "requests a minute", validators=[MinValueValidator(1), MaxValueValidator(1_000_000)]
    )
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["scope"]

    def __str__(self) -> str:
        return f"{self.get_scope_display()}: {self.requests_a_minute:,} requests a minute"


class RateBucket(models.Model):
    """When somebody's requests of the last minute are all forgotten. Written by the function ``atrium_take`` alone; an
    unlogged table, which a crash of the database may empty."""

    lives_in = PUBLIC_ONLY

    key = models.CharField(max_length=200, primary_key=True)
    empty_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key
