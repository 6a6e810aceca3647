"""How often something was tried that may be tried a few times only."""

from __future__ import annotations

from django.db import models

from tenants.router import BOTH


class Attempts(models.Model):
    """Attempts since ``since``, of what ``key`` stands for: a digest, so that no name or address is kept.

    In every schema: operators sign in, too.
    """

    lives_in = BOTH

    key = models.CharField(max_length=64, primary_key=True)
    count = models.PositiveIntegerField()
    since = models.DateTimeField()

    class Meta:
        verbose_name_plural = "attempts"

    def __str__(self) -> str:
        return f"{self.count} since {self.since:%Y-%m-%d %H:%M}"
