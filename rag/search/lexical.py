"""Ranking by words: BM25 over the postings, in one statement.

How rare a term is, is counted from the postings that are read anyway: no table of terms has to be kept, which
every ingestion would fight over. Over several collections the counts are summed, so that their scores
compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

K1 = 1.2  # how soon repeating a word stops to count
B = 0.75  # how much long chunks are held back; both are the literature's defaults

# The query is read in the language of each index. A word counts once, however often it is asked.
_RANK = """
WITH asked AS MATERIALIZED (
    SELECT searched.id AS lexical_index_id, word.lexeme COLLATE "C" AS term
    FROM rag_lexicalindex AS searched,
         unnest(to_tsvector(searched.language::regconfig, %(query)s)) AS word
    WHERE searched.collection_id = ANY(%(collections)s::uuid[])
), size AS (
    SELECT sum(chunk_count)::float8 AS chunks FROM rag_lexicalindex
    WHERE collection_id = ANY(%(collections)s::uuid[])
), found AS MATERIALIZED (
    SELECT posting.chunk_id, posting.term, posting.weight
    FROM asked JOIN rag_posting AS posting USING (lexical_index_id, term)
), rarity AS (
    SELECT term, ln(1 + (greatest(size.chunks, count(*)) - count(*) + 0.5) / (count(*) + 0.5)) AS idf
    FROM found, size GROUP BY term, size.chunks
)
SELECT found.chunk_id, sum(found.weight * rarity.idf)::float8 AS score
FROM found JOIN rarity USING (term)
GROUP BY found.chunk_id
ORDER BY score DESC, found.chunk_id
LIMIT %(limit)s
"""


def rank_by_words(query: str, collection_ids: Sequence[UUID], limit: int) -> list[tuple[int, float]]:
    """Chunk ids with their BM25 scores, best first. Chunks that hold none of the words are not in it."""
    with connection.cursor() as cursor:
        cursor.execute(_RANK, {"query": query, "collections": list(collection_ids), "limit": limit})
        return cursor.fetchall()


def weight_expression(frequency: str, length: str, average_length: str) -> str:
    """SQL of the part of a term's BM25 score that is stored with its posting; the arguments are SQL, too.

    ``tf (k1 + 1) / (tf + k1 (1 - b + b length / average length))``
    """
    held_back = f"{1 - B} + {B} * {length} / {average_length}::float8"
    return f"({frequency} * {K1 + 1} / ({frequency} + {K1} * ({held_back})))::real"
