"""Collections: what a tenant's documents are grouped in, and what a search searches."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.fields import uuid7

DEFAULT_LANGUAGE = "english"


class Collection(models.Model):
    """Documents that are searched together, in one language and with one embedding model.

    ``language`` names a text-search configuration of PostgreSQL; ``embedding_model`` an ``Embedder``.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=200, unique=True)
    description = models.TextField(blank=True)
    language = models.CharField(
        max_length=63,
        default=DEFAULT_LANGUAGE,
        help_text="How words are reduced to their stems: english, german, french, simple (not at all) ...",
    )
    embedding_model = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name
