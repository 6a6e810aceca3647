"""Vectors of chunks. Several models share the table; each has an index of its own."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models.functions import Cast
from pgvector.django import HalfVectorField, HnswIndex

from rag.ingest.embed import OFFLINE_DIMENSION, OFFLINE_MODEL
from rag.models.chunk import Chunk
from rag.models.collection import Collection


class Embedding(models.Model):
    """A chunk's vector by one model, as half-precision floats.

    The column has no fixed dimension. A model is searched fast when it has a partial index on the column cast
    to its dimension, as the offline model has here; without one the search is exact, and slower as chunks
    become many.
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
            HnswIndex(
                OpClass(
                    Cast("vector", HalfVectorField(dimensions=OFFLINE_DIMENSION)), name="halfvec_cosine_ops"
                ),
                name="embedding_hnsw_wordllama_256",
                condition=models.Q(model=OFFLINE_MODEL),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} of chunk {self.chunk_id}"
