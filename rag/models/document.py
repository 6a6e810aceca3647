"""Documents, and the bytes that they came as."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone

from rag.models.collection import Collection
from tenants.fields import uuid7
from tenants.words import word_index

WORDS_OF_DOCUMENT = ("title", "source")
"""What documents are searched by in lists."""


class Document(models.Model):
    """A document of a collection.

    ``text`` is what the parser made of it: the chunks' offsets count its characters. While a new version is
    taken in, ``text``, ``title`` and the chunks are those of the old one, which goes on answering; the other
    fields are new. ``indexed_version`` is the version that answers; 0 while none does. ``queued_at`` is when the work
    that is under way was asked for: what was asked for before is overtaken.
    """

    class Status(models.TextChoices):
        """How far ingestion is. ``failed`` has its reason in ``error``, and ``error_code``, which never changes."""

        QUEUED = "queued", "Queued"
        EXTRACTING = "extracting", "Extracting"
        EMBEDDING = "embedding", "Embedding"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    class Origin(models.TextChoices):
        """How it came here."""

        UPLOAD = "upload", "File"
        TEXT = "text", "Text"
        URL = "url", "Address"

    UNDER_WAY: ClassVar = (Status.QUEUED, Status.EXTRACTING, Status.EMBEDDING)

    audited_fields: ClassVar = ("collection", "title", "source", "media_type", "size", "version", "metadata")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="documents")
    title = models.CharField(max_length=500, blank=True)
    source = models.CharField(max_length=1000, blank=True, help_text="The file name, path or address it came from.")
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.UPLOAD)
    media_type = models.CharField(max_length=200)
    sha256 = models.CharField("SHA-256", max_length=64, help_text="Of the original, in hexadecimal digits.")
    size = models.BigIntegerField("size in bytes")
    text = models.TextField(blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.QUEUED)
    error = models.TextField(blank=True, help_text="Why it failed, for the person who added it.")
    error_code = models.CharField(max_length=50, blank=True)
    version = models.PositiveIntegerField(default=1)
    indexed_version = models.PositiveIntegerField(default=0)
    chunk_count = models.PositiveIntegerField(default=0)
    page_count = models.PositiveIntegerField(default=0)
    queued_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often a worker has begun with it.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["-created_at", "-id"], name="document_by_time"),
            models.Index(fields=["collection", "-created_at"], name="document_by_collection"),
            models.Index(fields=["media_type", "-created_at"], name="document_by_media_type"),
            # The few that are looked for: most documents are ready.
            models.Index(
                fields=["status", "-created_at"], condition=~models.Q(status="ready"), name="unready_document_by_time"
            ),
            models.Index(name="documents_that_wait", fields=["queued_at", "id"], condition=models.Q(status="queued")),
            GinIndex(name="document_metadata", fields=["metadata"], opclasses=["jsonb_path_ops"]),
            word_index(*WORDS_OF_DOCUMENT, name="document_words"),
            # What a collection is counted by, so that no row has to be read for it.
            models.Index(name="document_counts", fields=["collection", "status"], include=["size", "chunk_count"]),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="one_document_a_source",
                fields=["collection", "source"],
                condition=~models.Q(source=""),
            )
        ]

    def __str__(self) -> str:
        return self.title or self.source or str(self.pk)


def not_deleted(documents: models.QuerySet[Document]) -> models.QuerySet[Document]:
    """Without those of collections that are being deleted."""
    return documents.exclude(collection__in=Collection.with_deleted.filter(deleted_at__isnull=False))


class Original(models.Model):
    """What was handed in, byte for byte: read by ingestion, kept for a download and for processing it anew.

    In the database, not in files: the tenant's schema walls it off, and it is committed with the row it
    belongs to. ``title`` is the title that was given with it; without one, the parser finds it.
    """

    document = models.OneToOneField(Document, on_delete=models.CASCADE, primary_key=True, related_name="original")
    title = models.CharField(max_length=500, blank=True)
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"Original of {self.document_id}"
