"""A document's chunks and words to their tables, and out of them again: upkeep of a collection's word index.

All of it runs inside the transaction that changes the chunks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from rag.ingest.known_vectors import content_hash
from rag.ingest.split import ChunkDraft
from rag.models import Collection, LexicalIndex
from rag.search.lexical import CHUNK_BITS, as_words, posting_expression

# Postings that a word keeps in its own row. Whoever adds to so many, first moves them to a row of their own. With as
# many chunks a statement, no row is ever longer than PostgreSQL keeps whole (2 KB).
LATEST = 96

# One reading of each text by PostgreSQL's parser gives its length and its words. New chunks have greater keys than all
# that the collection has, as its writers wait for each other: adding at the end keeps the order.
_WRITE = f"""
WITH given AS MATERIALIZED (
    SELECT * FROM unnest(
        %(ordinals)s::int[], %(texts)s::text[], %(headings)s::text[], %(headers)s::text[], %(pages)s::int[],
        %(starts)s::int[], %(ends)s::int[], %(tokens)s::int[], %(hashes)s::text[], %(words)s::text[]
    ) AS given (ordinal, text, heading, header, page, start, until, tokens, hash, words)
), found AS MATERIALIZED (
    SELECT given.ordinal, word.lexeme COLLATE "C" AS lexeme, cardinality(word.positions) AS frequency
    FROM given, unnest(to_tsvector(%(language)s::regconfig, given.words)) AS word
), written AS (
    INSERT INTO rag_chunk (
        document_id, collection_id, ordinal, text, heading, table_header, page, start_offset, end_offset, token_count,
        content_hash, lexeme_count
    )
    SELECT %(document)s, %(collection)s, ordinal, text, heading, header, page, start, until, tokens, hash,
           coalesce(length, 0)
    FROM given LEFT JOIN (SELECT ordinal, sum(frequency) AS length FROM found GROUP BY ordinal) AS counted
        USING (ordinal)
    ORDER BY ordinal
    RETURNING id, ordinal, lexeme_count
), added AS MATERIALIZED (
    SELECT lexeme, array_agg({posting_expression("id", "frequency", "lexeme_count")} ORDER BY id) AS postings
    FROM found JOIN written USING (ordinal) GROUP BY lexeme
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
), held AS (
    INSERT INTO rag_documentwords AS held (document_id, word_ids)
    SELECT %(document)s, array_agg(id) FROM words HAVING count(*) > 0
    ON CONFLICT (document_id) DO UPDATE SET word_ids = held.word_ids || excluded.word_ids
)
SELECT id, lexeme_count FROM written ORDER BY ordinal
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
    locked = LexicalIndex.objects.select_for_update().filter(collection_id=collection_id)
    index = locked.first()
    if index is None:
        language = Collection.objects.values_list("language", flat=True).get(pk=collection_id)
        LexicalIndex.objects.get_or_create(collection_id=collection_id, defaults={"language": language})
        index = locked.get()
    return index


def write_chunks(
    index: LexicalIndex, document_id: UUID, drafts: Sequence[ChunkDraft], searchable: Sequence[str]
) -> list[int]:
    """Store the document's chunks, index the words of ``searchable[i]`` for ``drafts[i]``, and count the chunks in.

    Returns the chunks' keys, in their order. The statistics are saved by what follows: ``index.save()``.
    """
    keys: list[int] = []
    facts: dict[str, Any] = {"index": index.pk, "latest": LATEST, "language": index.language}
    facts |= {"collection": index.collection_id, "document": document_id}
    with connection.cursor() as cursor:
        for begin in range(0, len(drafts), LATEST):
            piece, texts = drafts[begin : begin + LATEST], searchable[begin : begin + LATEST]
            cursor.execute(_WRITE, facts | _columns(piece, texts))
            written = cursor.fetchall()
            keys += [key for key, _ in written]
            index.total_length += sum(length for _, length in written)
    index.chunk_count += len(keys)
    return keys


def _columns(drafts: Sequence[ChunkDraft], searchable: Sequence[str]) -> dict[str, list[Any]]:
    """The chunks' facts, column by column."""
    return {
        "ordinals": [draft.ordinal for draft in drafts],
        "texts": [draft.text for draft in drafts],
        "headings": [draft.heading for draft in drafts],
        "headers": [draft.table_header for draft in drafts],
        "pages": [draft.page for draft in drafts],
        "starts": [draft.start for draft in drafts],
        "ends": [draft.end for draft in drafts],
        "tokens": [draft.token_count for draft in drafts],
        "hashes": [content_hash(text) for text in searchable],
        "words": [as_words(text) for text in searchable],
    }


def remove_postings(index: LexicalIndex, document_id: UUID) -> None:
    """Take out the words of a document's chunks, which must still be there, and count the chunks out.

    The statistics are saved by what follows: ``index.save()``.
    """
    with connection.cursor() as cursor:
        cursor.execute(_REMOVE, {"document": document_id})
        chunk_count, length = cursor.fetchone()
    index.chunk_count -= chunk_count
    index.total_length -= length
