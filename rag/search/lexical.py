"""Ranking by words: BM25 over the postings, in one statement.

How rare a term is, is counted from the postings that are read anyway: no table of terms has to be kept, which
every ingestion would fight over. Over several collections the counts are summed, so that their scores
compare.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from uuid import UUID

from django.db import connection

K1 = 1.2  # how soon repeating a word stops to count
B = 0.75  # how much long chunks are held back; both are the literature's defaults

_JOINTS = re.compile(r"/|(?<=\w)-(?=\d)")

# The query is read in the language of each index; a word counts once, however often it is asked. ``number`` stands
# for the term in the large middle part: numbers are faster than texts to group by.
_RANK = """
WITH asked AS MATERIALIZED (
    SELECT searched.id AS lexical_index_id,
           word.lexeme COLLATE "C" AS term,
           dense_rank() OVER (ORDER BY word.lexeme COLLATE "C")::int AS number
    FROM rag_lexicalindex AS searched,
         unnest(to_tsvector(searched.language::regconfig, %(query)s)) AS word
    WHERE searched.collection_id = ANY(%(collections)s::uuid[])
), size AS MATERIALIZED (
    SELECT sum(chunk_count)::float8 AS chunks FROM rag_lexicalindex
    WHERE collection_id = ANY(%(collections)s::uuid[])
), found AS MATERIALIZED (
    SELECT posting.chunk_id, asked.number, posting.weight
    FROM asked JOIN rag_posting AS posting USING (lexical_index_id, term)
), occurrences AS MATERIALIZED (
    SELECT number, count(*) AS chunks FROM found GROUP BY number
), rarity AS MATERIALIZED (
    SELECT number, ln(1 + (greatest(size.chunks, term.chunks) - term.chunks + 0.5) / (term.chunks + 0.5)) AS idf
    FROM occurrences AS term, size
)
SELECT found.chunk_id, sum(found.weight * rarity.idf)::float8 AS score
FROM found JOIN rarity USING (number)
GROUP BY found.chunk_id
ORDER BY score DESC, found.chunk_id
LIMIT %(limit)s
"""


def as_words(text: str) -> str:
    """``text`` as PostgreSQL's parser is to read it, the same for documents and questions.

    Left alone, it takes ``and/or`` for the path of a file, and the number in ``AX-4711`` for a negative one:
    neither would be found by its parts.
    """
    return _JOINTS.sub(" ", text)


def rank_by_words(query: str, collection_ids: Sequence[UUID], limit: int) -> list[tuple[int, float]]:
    """Chunk ids with their BM25 scores, best first. Chunks that hold none of the words are not in it."""
    with connection.cursor() as cursor:
        cursor.execute(_RANK, {"query": as_words(query), "collections": list(collection_ids), "limit": limit})
        return cursor.fetchall()


def weight_expression(frequency: str, length: str, average_length: str) -> str:
    """SQL of the part of a term's BM25 score that is stored with its posting; the arguments are SQL, too.

    ``tf (k1 + 1) / (tf + k1 (1 - b + b length / average length))``
    """
    held_back = f"{1 - B} + {B} * {length} / {average_length}::float8"
    return f"({frequency} * {K1 + 1} / ({frequency} + {K1} * ({held_back})))::real"
