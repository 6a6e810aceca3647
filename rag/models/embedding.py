"""Vectors of chunks. Several models share the table; each has an index of its own."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from pgvector.django import HalfVectorField

from rag.models.chunk import Chunk
from rag.models.collection import Collection
from rag.models.document import Document


class Embedding(models.Model):
    """A chunk's vector by one model, as half-precision floats.

    The column has no fixed dimension. A model is searched fast when it has a partial index on the column cast
    to its dimension: a migration makes it for the offline one, ``rag.ingest.vector_index`` for others when
    their vectors become many. Document and collection stand here again, so that a filter needs no join.
    """

    id = models.BigAutoField(primary_key=True)
    chunk = models.ForeignKey(Chunk, on_delete=models.CASCADE, related_name="embeddings", db_index=False)
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="+", db_index=False)
    document = models.ForeignKey(
        Document, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    model = models.CharField(max_length=200)
    dimension = models.PositiveSmallIntegerField()
    vector = HalfVectorField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(name="one_vector_a_chunk_and_model", fields=["chunk", "model", "dimension"]),
        ]
        indexes: ClassVar = [
            models.Index(name="embedding_of_collection", fields=["collection", "model"]),
            models.Index(name="embedding_of_document", fields=["document", "model"]),
        ]

    def __str__(self) -> str:
        return f"{self.model} of chunk {self.chunk_id}"


class StagedVector(models.Model):
    """A vector that was paid for before its chunk is written: until then, or until nobody has come for it for days.

    ``content_hash`` is SHA-256 of the text, as a chunk has it.
    """

    pk = models.CompositePrimaryKey("content_hash", "model", "dimension")
    content_hash = models.CharField(max_length=64)
    model = models.CharField(max_length=200)
    dimension = models.PositiveSmallIntegerField()
    vector = HalfVectorField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.model} of {self.content_hash[:12]}"
