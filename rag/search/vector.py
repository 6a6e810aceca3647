"""Ranking by meaning: the nearest vectors of a model, as parts of one statement.

Few chunks are all looked at. Of more, the model's HNSW index is walked, iteratively, as the filter may leave few of the
neighbours; what it cannot fill (its walk has an end) is answered by looking at all. So a filter never loses a row.

How many are few? To look at ``n`` chunks of ``d`` documents costs as ``n + A_DOCUMENT * d``. To find ``depth`` of them
among the ``all`` of the index, a walk meets ``depth * all / n``, each of which costs as much as ``STEP`` chunks do that
are looked at. The cheaper way is taken; up to ``FEW`` chunks are looked at in any case.
"""

from __future__ import annotations

FEW = 7000  # chunks that are looked at one by one in any case, and from which on a model gets an index
STEP, A_DOCUMENT = 50, 5  # by the processor's time, with 100,000 and 300,000 chunks (docs/why/retrieval.md)
EF_SEARCH = (
    100  # neighbours that the index keeps in view; recall@10 under a filter is above .95 (docs/why/retrieval.md)
)

# Set inside the statement, before the first row is read, and gone with it: no transaction around it is needed.
TUNED = """
tuned AS MATERIALIZED (
    SELECT set_config('hnsw.ef_search', greatest(%(ef_search)s, %(depth)s)::text, true),
           set_config('hnsw.iterative_scan', 'relaxed_order', true),
           set_config('hnsw.scan_mem_multiplier', '4', true)
)"""
IN_FORCE = "(SELECT TRUE FROM tuned)"

# How many chunks are searched, and whether all of them are looked at.
EXTENT = f"""
extent AS MATERIALIZED (
    SELECT chunks, CASE WHEN %(few)s::float8 IS NOT NULL THEN chunks <= %(few)s::float8
        ELSE chunks <= {FEW} OR chunks * (chunks + {A_DOCUMENT} * documents) <= {STEP} * %(depth)s * indexed
    END AS are_few
    FROM (SELECT coalesce(sum(chunk_count), 0)::float8 AS chunks, count(*) AS documents FROM {{searched}}) AS searched,
         (SELECT coalesce(sum(chunk_count), 0)::float8 AS indexed FROM rag_lexicalindex) AS index
)"""  # noqa: S608  (put together from constants)

_DISTANCE = "embedding.vector::halfvec({dimension}) <=> %({name})s::halfvec({dimension})"

# A relaxed walk gives its rows nearly in order: they are sorted again. The cast, the model's name and its dimension are
# written as the partial index has them, or the planner would not see that it fits. The ``OFFSET 0`` keeps it from
# walking the index where all are to be looked at, and from working out each distance twice.
_NEAREST = """
{name}_walked AS MATERIALIZED (
    SELECT embedding.chunk_id, {distance} AS distance
    FROM rag_embedding AS embedding
    WHERE embedding.model = {model} AND embedding.dimension = {dimension} AND {in_force}
        AND (SELECT NOT are_few FROM extent)
        AND embedding.collection_id = ANY(%({name}_of)s::uuid[]) {of_documents}
    ORDER BY {distance} LIMIT %(depth)s
), {name}_looked_at AS MATERIALIZED (
    SELECT chunk_id, distance FROM (
        SELECT embedding.chunk_id, {distance} AS distance
        FROM {all_vectors}
        WHERE embedding.model = {model} AND embedding.dimension = {dimension}
            AND embedding.collection_id = ANY(%({name}_of)s::uuid[])
            AND ((SELECT are_few FROM extent)
                 OR (SELECT count(*) FROM {name}_walked) < least(%(depth)s, (SELECT chunks FROM extent)))
        OFFSET 0
    ) AS each
    ORDER BY distance LIMIT %(depth)s
), {name} AS MATERIALIZED (
    SELECT chunk_id, 1 - min(distance) AS score
    FROM (SELECT * FROM {name}_walked UNION ALL SELECT * FROM {name}_looked_at) AS neighbours
    GROUP BY chunk_id ORDER BY score DESC, chunk_id LIMIT %(depth)s
)"""

# Document by document through their index: the planner, which guesses the filter's share, might read the whole table.
_OF_DOCUMENTS = """documents CROSS JOIN LATERAL (
        SELECT * FROM rag_embedding WHERE document_id = documents.id AND model = {model} OFFSET 0
    ) AS embedding"""


def nearest(name: str, model: str, dimension: int, is_filtered: bool) -> str:
    """The common table expression ``name``: chunk ids with their cosine to the parameter ``name``, of the model's
    vectors in the collections ``name_of``."""
    return _NEAREST.format(
        name=name,
        model=quoted_text(model),
        dimension=int(dimension),
        distance=_DISTANCE.format(name=name, dimension=int(dimension)),
        in_force=IN_FORCE,
        of_documents="AND (embedding.document_id IN (SELECT id FROM documents)) IS TRUE" if is_filtered else "",
        all_vectors=_OF_DOCUMENTS.format(model=quoted_text(model)) if is_filtered else "rag_embedding AS embedding",
    )


def quoted_text(text: str) -> str:
    """A text as a literal of SQL that is given parameters later: the planner must see it to choose a partial index."""
    return "'" + text.replace("'", "''").replace("%", "%%") + "'"
