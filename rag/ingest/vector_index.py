"""An HNSW index for each model whose vectors have become many: made on demand, beside all other work."""

from __future__ import annotations

import hashlib
import logging

from django.db import connection

from rag.search.vector import FEW, quoted_text
from tenants.context import owner_rights, require_tenant
from tenants.provisioning.direct import without_pool

log = logging.getLogger(__name__)

MOST_DIMENSIONS = 4000  # of a halfvec in an HNSW index; longer vectors are searched one by one

_IS_VALID = """
SELECT indisvalid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE relname = %s AND relnamespace = current_schema()::regnamespace
"""
_COUNT = "SELECT count(*) FROM (SELECT 1 FROM rag_embedding WHERE model = %s AND dimension = %s LIMIT %s) AS counted"


def index_name(model: str, dimension: int) -> str:
    """The index' name; the offline model's is the one that the migrations make."""
    if (model, dimension) == ("wordllama-256", 256):
        return "embedding_hnsw_wordllama_256"
    return f"embedding_hnsw_{hashlib.sha256(f'{model}:{dimension}'.encode()).hexdigest()[:16]}"


def needs_index(model: str, dimension: int) -> bool:
    """Whether the model's vectors are too many to look at one by one, and have no index yet."""
    if dimension > MOST_DIMENSIONS:
        return False
    with connection.cursor() as cursor:
        cursor.execute(_IS_VALID, [index_name(model, dimension)])
        if cursor.fetchone() == (True,):
            return False
        cursor.execute(_COUNT, [model, dimension, FEW])
        return cursor.fetchone()[0] >= FEW


def build_index(model: str, dimension: int) -> bool:
    """Make the index while searches and writers go on; False where there is no need of it.

    What is left of an attempt that was broken off is taken away first. Only one is made at a time in a schema.
    """
    if not needs_index(model, dimension):
        return False
    name, dimension = index_name(model, dimension), int(dimension)
    log.info("an index is made for %s vectors", model, extra={"schema": require_tenant().schema_name})
    with owner_rights(), without_pool(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext(current_schema() || '.rag_embedding'))")
        cursor.execute(_IS_VALID, [name])
        found = cursor.fetchone()
        if found == (True,):
            return False
        if found is not None:
            cursor.execute(f"DROP INDEX CONCURRENTLY {name}")
        cursor.execute("SET maintenance_work_mem = '256MB'")
        cursor.execute(
            f"CREATE INDEX CONCURRENTLY {name} ON rag_embedding"
            f" USING hnsw ((vector::halfvec({dimension})) halfvec_cosine_ops)"
            f" WHERE model = {quoted_text(model).replace('%%', '%')} AND dimension = {dimension}"
        )
    return True
