"""Upkeep of a collection's word index. All of it runs inside the transaction that changes the chunks."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from rag.models import Chunk, Collection, LexicalIndex
from rag.search.lexical import CHUNK_BITS, as_words, posting_expression

# Postings that a word keeps in its own row. Whoever adds to so many, first moves them to a row of their own. With as
# many chunks a statement, no row is ever longer than PostgreSQL keeps whole (2 KB).
LATEST = 96

_COUNT_LEXEMES = """
SELECT coalesce(
    (SELECT sum(cardinality(positions)) FROM unnest(to_tsvector(%(language)s::regconfig, text))), 0
)
FROM unnest(%(texts)s::text[]) WITH ORDINALITY AS given (text, place) ORDER BY place
"""
# New chunks have greater keys than all that the collection has, as its writers wait for each other: adding at the end
# keeps the order.
_ADD = f"""
WITH added AS MATERIALIZED (
    SELECT lexeme, array_agg({posting_expression("id", "frequency", "length")} ORDER BY id) AS postings
    FROM (
        SELECT word.lexeme COLLATE "C" AS lexeme, given.id, given.length, cardinality(word.positions) AS frequency
        FROM unnest(%(ids)s::bigint[], %(lengths)s::int[], %(texts)s::text[]) AS given (id, length, text),
             unnest(to_tsvector(%(language)s::regconfig, given.text)) AS word
    ) AS found
    GROUP BY lexeme
), moved AS (
    INSERT INTO rag_postings (word_id, first_chunk, postings)
    SELECT word.id, word.latest[1] >> {CHUNK_BITS}, word.latest
    FROM added JOIN rag_word AS word ON word.lexical_index_id = %(index)s AND word.lexeme = added.lexeme
    WHERE cardinality(word.latest) >= %(latest)s
), words AS (
    INSERT INTO rag_word AS word (lexical_index_id, lexeme, chunk_count, latest)
    SELECT %(index)s, lexeme, cardinality(postings), postings FROM added
    ON CONFLICT (lexical_index_id, lexeme) DO UPDATE SET
        chunk_count = word.chunk_count + excluded.chunk_count,
        latest = CASE WHEN cardinality(word.latest) >= %(latest)s THEN excluded.latest
                      ELSE word.latest || excluded.latest END
    RETURNING word.id
)
INSERT INTO rag_documentwords AS held (document_id, word_ids)
SELECT %(document)s, array_agg(id) FROM words HAVING count(*) > 0
ON CONFLICT (document_id) DO UPDATE SET word_ids = held.word_ids || excluded.word_ids
"""  # noqa: S608  (put together from constants)
_KEPT = f"""ARRAY(
    SELECT posting FROM unnest({{postings}}) WITH ORDINALITY AS each (posting, place)
    WHERE (posting >> {CHUNK_BITS}) NOT IN (SELECT id FROM removed) ORDER BY place
)"""  # noqa: S608
_REMOVE = f"""
WITH removed AS MATERIALIZED (
    SELECT id, lexeme_count FROM rag_chunk WHERE document_id = %(document)s
), words AS (
    DELETE FROM rag_documentwords WHERE document_id = %(document)s RETURNING word_ids
), runs AS MATERIALIZED (
    SELECT run.word_id, run.first_chunk, cardinality(run.postings) AS before,
           {_KEPT.format(postings="run.postings")} AS kept
    FROM (SELECT DISTINCT unnest(word_ids) AS id FROM words) AS word,
         (SELECT min(id) AS first, max(id) AS last FROM removed) AS span,
         LATERAL (
             SELECT max(first_chunk) AS first FROM rag_postings
             WHERE word_id = word.id AND first_chunk <= span.first
         ) AS earliest,
         LATERAL (
             SELECT * FROM rag_postings
             WHERE word_id = word.id AND first_chunk BETWEEN coalesce(earliest.first, 0) AND span.last
         ) AS run
), emptied AS (
    DELETE FROM rag_postings AS run USING runs
    WHERE (run.word_id, run.first_chunk) = (runs.word_id, runs.first_chunk) AND runs.kept = '{{}}'
), shortened AS (
    UPDATE rag_postings AS run SET postings = runs.kept FROM runs
    WHERE (run.word_id, run.first_chunk) = (runs.word_id, runs.first_chunk)
        AND cardinality(runs.kept) BETWEEN 1 AND runs.before - 1
), left_over AS MATERIALIZED (
    SELECT word.id, cardinality(word.latest) AS before, {_KEPT.format(postings="word.latest")} AS kept,
           coalesce((SELECT sum(before - cardinality(kept)) FROM runs WHERE word_id = word.id), 0) AS of_runs
    FROM (SELECT DISTINCT unnest(word_ids) AS id FROM words) AS had JOIN rag_word AS word ON word.id = had.id
), counted AS (
    UPDATE rag_word AS word SET
        latest = left_over.kept, chunk_count = word.chunk_count - of_runs - before + cardinality(left_over.kept)
    FROM left_over WHERE word.id = left_over.id
)
SELECT count(*), coalesce(sum(lexeme_count), 0) FROM removed
"""  # noqa: S608


def lock_lexical_index(collection_id: UUID) -> LexicalIndex:
    """The collection's word index, locked until the transaction ends: one writer at a time."""
    language = Collection.objects.values_list("language", flat=True).get(pk=collection_id)
    LexicalIndex.objects.get_or_create(collection_id=collection_id, defaults={"language": language})
    return LexicalIndex.objects.select_for_update().get(collection_id=collection_id)


def count_lexemes(language: str, texts: Sequence[str]) -> list[int]:
    """The length of each text as BM25 counts it: words that are left after stop words, with repetitions."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_LEXEMES, {"language": language, "texts": [as_words(text) for text in texts]})
        return [row[0] for row in cursor.fetchall()]


def add_postings(index: LexicalIndex, document_id: UUID, chunks: Sequence[Chunk], texts: Sequence[str]) -> None:
    """Index the words of ``texts[i]`` for ``chunks[i]`` of the document, and count the chunks in.

    The statistics are saved by what follows: ``index.save()``.
    """
    index.chunk_count += len(chunks)
    index.total_length += sum(chunk.lexeme_count for chunk in chunks)
    with connection.cursor() as cursor:
        for begin in range(0, len(chunks), LATEST):
            piece = chunks[begin : begin + LATEST]
            cursor.execute(
                _ADD,
                {
                    "index": index.pk,
                    "document": document_id,
                    "language": index.language,
                    "latest": LATEST,
                    "ids": [chunk.pk for chunk in piece],
                    "lengths": [chunk.lexeme_count for chunk in piece],
                    "texts": [as_words(text) for text in texts[begin : begin + LATEST]],
                },
            )


def remove_postings(index: LexicalIndex, document_id: UUID) -> None:
    """Take out the words of a document's chunks, which must still be there, and count the chunks out.

    The statistics are saved by what follows: ``index.save()``.
    """
    with connection.cursor() as cursor:
        cursor.execute(_REMOVE, {"document": document_id})
        chunk_count, length = cursor.fetchone()
    index.chunk_count -= chunk_count
    index.total_length -= length
