"""Ranking by words: BM25 over the postings, as parts of one statement.

How rare a word is, stands with the word. Over several collections the counts are summed, so that their scores compare.

A posting is a chunk's key, how often the word is in the chunk, and how many lexemes the chunk has, in one number:
``chunk << 24 | frequency << 16 | length``. Postings of a word are kept in the order of their chunks.

A question's common words would cost the most and say the least: rare words are read first, as long as their postings
fit ``MOST_POSTINGS``; the rest of the words are then looked up for the best ``REFINED`` of what was found.
This is the idea of MaxScore (H. Turtle and J. Flood, "Query evaluation: strategies and optimizations", 1995) with a
fixed number of candidates in place of its bound. A question whose words have few postings is ranked exactly.
"""

from __future__ import annotations

import re

K1 = 1.2  # how soon repeating a word stops to count
B = 0.75  # how much long chunks are held back; both are the literature's defaults

MOST_POSTINGS = 30_000  # read for one question before its commonest words are put off; about 8 ms
REFINED = 300  # chunks for which words that were put off are looked up

CHUNK_BITS = 24  # a posting's bits below the chunk's key
LENGTH_BITS = 16  # of them for the length; those between are the frequency's
_MOST_OFTEN, _LONGEST = 2 ** (CHUNK_BITS - LENGTH_BITS) - 1, 2**LENGTH_BITS - 1  # more counts as this

_JOINTS = re.compile(r"/|(?<=\w)-(?=\d)")

# What a word adds to a chunk's score, of ``posting``, ``most`` (what it adds at the most) and ``share`` (see below).
_FREQUENCY = f"((posting >> {LENGTH_BITS}) & {_MOST_OFTEN})::float8"
_SCORE = f"most * {_FREQUENCY} / ({_FREQUENCY} + {K1 * (1 - B)} + share * (posting & {_LONGEST})::float8)"

# The query is read in the language of each index; a word counts once, however often it is asked. ``share`` is what a
# lexeme of a chunk's length holds its words back.
LEXICAL = f"""
asked AS MATERIALIZED (
    SELECT word.id AS word_id, word.lexeme, word.chunk_count, word.latest, searched.collection_id,
           {K1 * B} * searched.chunk_count / greatest(searched.total_length, 1)::float8 AS share
    FROM searched
    CROSS JOIN unnest(to_tsvector(searched.language::regconfig, %(words)s::text)) AS given
    JOIN rag_word AS word ON word.lexical_index_id = searched.id AND word.lexeme = given.lexeme COLLATE "C"
    WHERE word.chunk_count > 0
), rarity AS MATERIALIZED (
    SELECT lexeme,
           {K1 + 1} * ln(1 + (greatest(chunks, occurrences) - occurrences + 0.5) / (occurrences + 0.5)) AS most,
           sum(occurrences) OVER by_rarity <= %(most_postings)s OR row_number() OVER by_rarity = 1 AS is_read
    FROM (SELECT lexeme, sum(chunk_count)::float8 AS occurrences FROM asked GROUP BY lexeme) AS counted,
         (SELECT sum(chunk_count)::float8 AS chunks FROM searched) AS size
    WINDOW by_rarity AS (ORDER BY occurrences, lexeme ROWS UNBOUNDED PRECEDING)
), wanted AS MATERIALIZED (
    SELECT asked.*, rarity.most, rarity.is_read FROM asked JOIN rarity USING (lexeme)
), partly AS MATERIALIZED (
    SELECT (posting >> {CHUNK_BITS}) AS chunk_id, sum({_SCORE}) AS score
    FROM (
        SELECT most, share, unnest(latest) AS posting FROM wanted WHERE is_read
        UNION ALL
        SELECT most, share, unnest(run.postings) FROM wanted JOIN rag_postings AS run USING (word_id) WHERE is_read
    ) AS read
    {{chosen}}
    GROUP BY chunk_id ORDER BY score DESC, chunk_id
    LIMIT greatest(%(refined)s, %(depth)s)
), by_words AS MATERIALIZED (
    SELECT chunk_id, CASE WHEN EXISTS (SELECT FROM wanted WHERE NOT is_read) THEN score + coalesce((
        SELECT sum({_SCORE})
        FROM (
            SELECT wanted.most, wanted.share, held.postings[width_bucket(
                ((chunk.id + 1) << {CHUNK_BITS}) - 1, held.postings)] AS posting
            FROM rag_chunk AS chunk JOIN wanted ON wanted.collection_id = chunk.collection_id AND NOT wanted.is_read
            CROSS JOIN LATERAL (
                SELECT wanted.latest AS postings
                UNION ALL (
                    SELECT run.postings FROM rag_postings AS run
                    WHERE run.word_id = wanted.word_id AND run.first_chunk <= chunk.id
                    ORDER BY run.first_chunk DESC LIMIT 1
                )
            ) AS held
            WHERE chunk.id = partly.chunk_id
        ) AS found
        WHERE (posting >> {CHUNK_BITS}) = partly.chunk_id
    ), 0) ELSE score END AS score
    FROM partly ORDER BY score DESC, chunk_id LIMIT %(depth)s
)"""  # noqa: S608  (put together from constants)

# Hashed once and asked of each posting. As a plain IN, the planner might look each chosen chunk up under each word.
OF_CHOSEN = f"WHERE ((posting >> {CHUNK_BITS}) IN (SELECT id FROM chosen)) IS TRUE"  # noqa: S608


def as_words(text: str) -> str:
    """``text`` as PostgreSQL's parser is to read it, the same for documents and questions; of the same length.

    Left alone, it takes ``and/or`` for the path of a file, and the number in ``AX-4711`` for a negative one:
    neither would be found by its parts.
    """
    return _JOINTS.sub(" ", text)


def posting_expression(chunk: str, frequency: str, length: str) -> str:
    """SQL of a posting; the arguments are SQL, too, of whole numbers."""
    frequency, length = f"least({frequency}, {_MOST_OFTEN})", f"least({length}, {_LONGEST})"
    return f"(({chunk}::bigint << {CHUNK_BITS}) | (({frequency})::bigint << {LENGTH_BITS}) | {length})"
