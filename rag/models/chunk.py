"""Chunks: the pieces of documents that are found and cited."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from rag.models.collection import Collection
from rag.models.document import Document


class Chunk(models.Model):
    """``document.text[start_offset:end_offset]``, below the headings ``heading`` ("A > B").

    ``table_header`` names the columns, where the chunk is rows out of the middle of a table. Neighbours overlap a
    little. ``token_count`` is estimated, for a prompt's budget; ``lexeme_count`` is the
    length that BM25 counts with. ``content_hash`` is SHA-256 of the text that was embedded.
    """

    id = models.BigAutoField(primary_key=True)
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="chunks", db_index=False)
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="+")
    ordinal = models.PositiveIntegerField()
    text = models.TextField()
    heading = models.TextField(blank=True)
    table_header = models.TextField(blank=True)
    page = models.PositiveIntegerField(null=True, blank=True)
    start_offset = models.PositiveIntegerField()
    end_offset = models.PositiveIntegerField()
    token_count = models.PositiveIntegerField()
    lexeme_count = models.PositiveIntegerField()
    content_hash = models.CharField(max_length=64)

    class Meta:
        ordering: ClassVar = ["document", "ordinal"]
        indexes: ClassVar = [
            models.Index(name="chunks_of_a_text", fields=["content_hash"]),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(name="one_chunk_a_place", fields=["document", "ordinal"], include=["id"]),
        ]

    def __str__(self) -> str:
        return f"Chunk {self.ordinal} of {self.document_id}"
