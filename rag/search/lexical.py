"""Ranking by words: BM25 over the postings, as parts of one statement.

How rare a term is, stands in ``rag_term``, which is kept with the postings. Over several collections the counts are
summed, so that their scores compare.

A question's common words would cost the most and say the least: rare words are read first, as long as their postings
fit ``MOST_POSTINGS``; the rest of the words are then weighed for the best ``REFINED`` of what was found, by their keys.
This is the idea of MaxScore (H. Turtle and J. Flood, "Query evaluation: strategies and optimizations", 1995) with a
fixed number of candidates in place of its bound. A question whose words have few postings is ranked exactly.
"""

from __future__ import annotations

import re

K1 = 1.2  # how soon repeating a word stops to count
B = 0.75  # how much long chunks are held back; both are the literature's defaults

MOST_POSTINGS = 30_000  # read for one question before its commonest words are put off; about 5 ms
REFINED = 300  # chunks for which words that were put off are looked up

_JOINTS = re.compile(r"/|(?<=\w)-(?=\d)")

# The query is read in the language of each index; a word counts once, however often it is asked.
LEXICAL = """
asked AS MATERIALIZED (
    SELECT searched.id AS lexical_index_id, term.term, term.chunk_count
    FROM searched
    CROSS JOIN unnest(to_tsvector(searched.language::regconfig, %(words)s::text)) AS word
    JOIN rag_term AS term ON term.lexical_index_id = searched.id AND term.term = word.lexeme COLLATE "C"
    WHERE term.chunk_count > 0
), rarity AS MATERIALIZED (
    SELECT term,
           ln(1 + (greatest(chunks, occurrences) - occurrences + 0.5) / (occurrences + 0.5)) AS idf,
           sum(occurrences) OVER by_rarity <= %(most_postings)s OR row_number() OVER by_rarity = 1 AS is_read
    FROM (SELECT term, sum(chunk_count)::float8 AS occurrences FROM asked GROUP BY term) AS counted,
         (SELECT sum(chunk_count)::float8 AS chunks FROM searched) AS size
    WINDOW by_rarity AS (ORDER BY occurrences, term ROWS UNBOUNDED PRECEDING)
), wanted AS MATERIALIZED (
    SELECT asked.lexical_index_id, asked.term, rarity.idf, rarity.is_read FROM asked JOIN rarity USING (term)
), partly AS MATERIALIZED (
    SELECT posting.chunk_id, max(posting.lexical_index_id) AS lexical_index_id,
           sum(posting.weight * wanted.idf) AS score
    FROM wanted JOIN rag_posting AS posting USING (lexical_index_id, term)
    WHERE wanted.is_read {chosen}
    GROUP BY posting.chunk_id ORDER BY score DESC, posting.chunk_id
    LIMIT greatest(%(refined)s, %(depth)s)
), by_words AS MATERIALIZED (
    SELECT chunk_id, score + coalesce((
        SELECT sum(posting.weight * wanted.idf)
        FROM wanted JOIN rag_posting AS posting
            ON posting.lexical_index_id = wanted.lexical_index_id AND posting.term = wanted.term
            AND posting.chunk_id = partly.chunk_id
        WHERE NOT wanted.is_read AND wanted.lexical_index_id = partly.lexical_index_id
    ), 0) AS score
    FROM partly ORDER BY score DESC, chunk_id LIMIT %(depth)s
)"""

# Hashed once and asked of each posting. As a plain IN, the planner might look each chosen chunk up under each term.
OF_CHOSEN = "AND (posting.chunk_id IN (SELECT id FROM chosen)) IS TRUE"


def as_words(text: str) -> str:
    """``text`` as PostgreSQL's parser is to read it, the same for documents and questions; of the same length.

    Left alone, it takes ``and/or`` for the path of a file, and the number in ``AX-4711`` for a negative one:
    neither would be found by its parts.
    """
    return _JOINTS.sub(" ", text)


def weight_expression(frequency: str, length: str, average_length: str) -> str:
    """SQL of the part of a term's BM25 score that is stored with its posting; the arguments are SQL, too.

    ``tf (k1 + 1) / (tf + k1 (1 - b + b length / average length))``
    """
    held_back = f"{1 - B} + {B} * {length} / {average_length}::float8"
    return f"({frequency} * {K1 + 1} / ({frequency} + {K1} * ({held_back})))::real"
