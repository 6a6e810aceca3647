"""Vectors of chunks, none paid for twice.

A model behind an API costs money for each text. A chunk whose text has a vector already (in an older version of the
document, in another one) gets that; what is asked for is kept batch by batch until its document is written, so that a
job that was killed, or that a model failed in the middle, goes on where it was. Both are tables of the tenant: what one
tenant has paid for, no other ever sees. A vector is kept no longer than the texts it was made of, and what belongs to
no document after all goes after ``KEPT_DAYS``.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from django.db import connection
from pgvector import HalfVector

from rag.exceptions import EmbeddingRefused, EmbeddingUnavailable
from rag.ingest.embed import OFFLINE_MODEL, Embedder, Vectors
from tenants.database import give_connections_back

log = logging.getLogger(__name__)

BATCH = 128  # texts of a request
WAITS = (1.0, 4.0, 15.0)  # seconds before the model is asked again; then the job gives up, and is queued again later
KEPT_DAYS = 7

_KNOWN = """
SELECT content_hash, vector::text FROM rag_stagedvector
WHERE model = %(model)s AND dimension = %(dimension)s AND content_hash = ANY(%(hashes)s)
UNION ALL
SELECT chunk.content_hash, embedding.vector::text
FROM rag_chunk AS chunk JOIN rag_embedding AS embedding ON embedding.chunk_id = chunk.id
WHERE chunk.content_hash = ANY(%(hashes)s) AND embedding.model = %(model)s AND embedding.dimension = %(dimension)s
"""
_KEEP = """
INSERT INTO rag_stagedvector (content_hash, model, dimension, vector, created_at)
SELECT given.hash, %(model)s, %(dimension)s, given.vector::halfvec, now()
FROM unnest(%(hashes)s::text[], %(vectors)s::text[]) AS given (hash, vector)
ON CONFLICT DO NOTHING
"""
_FORGET_OLD = "DELETE FROM rag_stagedvector WHERE created_at < now() - make_interval(days => %s)"
_FORGET = "DELETE FROM rag_stagedvector WHERE content_hash = ANY(%s)"


def content_hash(text: str) -> str:
    """SHA-256 of the text that is embedded, in hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", errors="replace")).hexdigest()


def embed_chunks(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """``(len(texts), dimension)``: known vectors, and the model's for the rest, in batches.

    No connection is held while the model works. Raises ``EmbeddingUnavailable`` where it does not answer, after some
    patience, and ``EmbeddingRefused`` at once; batches that were answered before are kept.
    """
    if embedder.model == OFFLINE_MODEL:  # it costs nothing, and is faster than a look into the database
        return embedder.embed_documents(list(texts))
    hashes = [content_hash(text) for text in texts]
    known = _known(embedder, hashes)
    wanted = {key: text for key, text in zip(hashes, texts, strict=True) if key not in known}
    for batch in _batches(list(wanted)):
        give_connections_back()
        vectors = with_patience(lambda batch=batch: embedder.embed_documents([wanted[key] for key in batch]))  # type: ignore[misc]
        _keep(embedder, batch, vectors)
        known |= dict(zip(batch, vectors, strict=True))
    rows = [known[key] for key in hashes]
    return np.stack(rows) if rows else np.zeros((0, embedder.dimension), dtype=np.float32)


def forget_staged(texts: Sequence[str]) -> None:
    """The texts' vectors are written where they belong: what was kept of them goes, and what nobody came for."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [[content_hash(text) for text in texts]])
        cursor.execute(_FORGET_OLD, [KEPT_DAYS])


def with_patience(ask: Callable[[], Vectors], waits: Sequence[float] = WAITS) -> Vectors:
    """What the model answers; a model that is busy or away is asked again, ever more rarely."""
    for wait in waits:
        try:
            return ask()
        except EmbeddingRefused:
            raise
        except EmbeddingUnavailable as error:
            log.warning("asked again in %.0f s: %s", wait, error.detail)
            time.sleep(wait)
    return ask()


def _known(embedder: Embedder, hashes: Sequence[str]) -> dict[str, Vectors]:
    with connection.cursor() as cursor:
        asked: dict[str, Any] = {"model": embedder.model, "dimension": embedder.dimension, "hashes": list(set(hashes))}
        cursor.execute(_KNOWN, asked)
        return {key: np.asarray(HalfVector.from_text(text).to_list(), np.float32) for key, text in cursor.fetchall()}


def _keep(embedder: Embedder, hashes: Sequence[str], vectors: Vectors) -> None:
    written = {key: HalfVector(vector).to_text() for key, vector in zip(hashes, vectors, strict=True) if vector.any()}
    parameters: dict[str, Any] = {"model": embedder.model, "dimension": embedder.dimension}
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, parameters | {"hashes": list(written), "vectors": list(written.values())})


def _batches(keys: Sequence[str]) -> Iterator[list[str]]:
    for begin in range(0, len(keys), BATCH):
        yield list(keys[begin : begin + BATCH])
