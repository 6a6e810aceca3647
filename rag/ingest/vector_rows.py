"""Vectors of new chunks to their table, by COPY in PostgreSQL's binary form.

As text a vector is five times as long; writing it and reading it again cost as much as half of its way into the index.
https://www.postgresql.org/docs/current/sql-copy.html; a halfvec is its length, two bytes that are kept for later, and
its numbers as IEEE halves, all of it with the high byte first (``halfvec_recv`` of pgvector).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
from django.db import connection

from rag.ingest.embed import Vectors
from rag.models import Document

_COPY = """
COPY rag_embedding (chunk_id, collection_id, document_id, model, dimension, vector) FROM STDIN (FORMAT BINARY)
"""
_TYPES = ("int8", "uuid", "uuid", "text", "int2", "bytea")  # the last one's bytes are sent as they are
_HEAD = struct.Struct("!HH")


def write_vectors(document: Document, chunk_ids: Sequence[int], model: str, vectors: Vectors) -> None:
    """Store ``vectors[i]``, which the model has made of it, for the chunk ``chunk_ids[i]`` of the document.

    A vector of zeros has no cosine: it is not stored, and the chunk is found by its words.
    """
    dimension = vectors.shape[1]
    head, halves, has_direction = _HEAD.pack(dimension, 0), vectors.astype(">f2"), vectors.any(axis=1)
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(_TYPES)
        for place in np.flatnonzero(has_direction).tolist():
            vector = head + halves[place].tobytes()
            copy.write_row((chunk_ids[place], document.collection_id, document.pk, model, dimension, vector))
