"""Collections: what a tenant's documents are grouped in, and what a search searches."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.fields import uuid7

DEFAULT_LANGUAGE = "english"
DEFAULT_CHUNK_TOKENS, SHORTEST_CHUNK, LONGEST_CHUNK = 220, 50, 2_000
DEFAULT_OVERLAP_TOKENS = 40


class Collections(models.Manager["Collection"]):
    """Those that are there for people: one that was deleted is away at once, though its rows take longer to go."""

    def get_queryset(self) -> models.QuerySet[Collection]:
        """Without the deleted ones."""
        return super().get_queryset().filter(deleted_at__isnull=True)


class Collection(models.Model):
    """Documents that are searched together, in one language and with one embedding model.

    ``language`` names a text-search configuration of PostgreSQL; ``embedding_model`` an ``Embedder``;
    ``next_embedding_model`` the one that the chunks are being embedded by anew, if one is.
    ``chunk_tokens`` and ``overlap_tokens`` hold for documents that are split from now on. ``deleted_at`` is set from
    the moment in which somebody deletes it until a job has taken its rows away; only ``with_deleted`` finds it then.
    """

    audited_fields: ClassVar = (
        *("name", "description", "language", "embedding_model", "chunk_tokens", "overlap_tokens"),
    )

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=200, unique=True)
    description = models.TextField(blank=True)
    language = models.CharField(
        max_length=63,
        default=DEFAULT_LANGUAGE,
        help_text="How words are reduced to their stems: english, german, french, simple (not at all) ...",
    )
    embedding_model = models.CharField(max_length=200)
    next_embedding_model = models.CharField(max_length=200, blank=True, editable=False)
    chunk_tokens = models.PositiveSmallIntegerField(
        "passage length",
        default=DEFAULT_CHUNK_TOKENS,
        help_text="Tokens of a passage at the most (one is about four letters). Short ones are found more exactly.",
    )
    overlap_tokens = models.PositiveSmallIntegerField(
        "overlap",
        default=DEFAULT_OVERLAP_TOKENS,
        help_text="Tokens that a passage repeats of the one before it, so that no thought is cut in two.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = Collections()
    with_deleted: ClassVar[models.Manager[Collection]] = models.Manager()

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name
