"""Vectors of chunks. Several models share the table; each has an index of its own."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from pgvector.django import HalfVectorField

from rag.models.chunk import Chunk
from rag.models.collection import Collection


class Embedding(models.Model):
    """A chunk's vector by one model, as half-precision floats.

    The column has no fixed dimension. A model is searched fast when it has a partial index on the column cast
    to its dimension, as migration 0001 makes for the offline one; without one the search is exact, and slower
    as chunks become many.
    """

    id = models.BigAutoField(primary_key=True)
    chunk = models.ForeignKey(Chunk, on_delete=models.CASCADE, related_name="embeddings", db_index=False)
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="+", db_index=False)
    model = models.CharField(max_length=200)
    dimension = models.PositiveSmallIntegerField()
    vector = HalfVectorField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(name="one_vector_a_chunk_and_model", fields=["chunk", "model"]),
        ]
        indexes: ClassVar = [
            models.Index(name="embedding_of_collection", fields=["collection", "model"]),
        ]

    def __str__(self) -> str:
        return f"{self.model} of chunk {self.chunk_id}"
