"""Upkeep of a collection's word index. All of it runs inside the transaction that changes the chunks."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from rag.models import Chunk, Collection, LexicalIndex
from rag.search.lexical import as_words, weight_expression

# Weights are made for an average chunk length, which moves with every document. A tenth changes no ranking
# that anybody would notice; beyond it, all weights are made anew, which a growing collection does ever more
# rarely.
LARGEST_DRIFT = 0.1

_COUNT_LEXEMES = """
SELECT coalesce(
    (SELECT sum(cardinality(positions)) FROM unnest(to_tsvector(%(language)s::regconfig, text))), 0
)
FROM unnest(%(texts)s::text[]) WITH ORDINALITY AS given (text, place) ORDER BY place
"""
_ADD = f"""
WITH added AS (
INSERT INTO rag_posting (lexical_index_id, term, chunk_id, frequency, weight)
SELECT %(index)s, word.lexeme, given.id, cardinality(word.positions),
       {weight_expression("cardinality(word.positions)", "given.length", "%(average)s")}
FROM unnest(%(ids)s::bigint[], %(lengths)s::int[], %(texts)s::text[]) AS given (id, length, text),
     unnest(to_tsvector(%(language)s::regconfig, given.text)) AS word
RETURNING term
)
INSERT INTO rag_term (lexical_index_id, term, chunk_count)
SELECT %(index)s, term, count(*) FROM added GROUP BY term
ON CONFLICT (lexical_index_id, term) DO UPDATE SET chunk_count = rag_term.chunk_count + excluded.chunk_count
"""  # noqa: S608  (put together from constants)
_REMOVE = """
WITH removed AS (
    SELECT id, lexeme_count FROM rag_chunk WHERE document_id = %(document)s
), postings AS (
    DELETE FROM rag_posting USING removed WHERE chunk_id = removed.id RETURNING lexical_index_id, term
), terms AS (
    UPDATE rag_term SET chunk_count = rag_term.chunk_count - counted.chunks
    FROM (SELECT lexical_index_id, term, count(*) AS chunks FROM postings GROUP BY 1, 2) AS counted
    WHERE (rag_term.lexical_index_id, rag_term.term) = (counted.lexical_index_id, counted.term)
)
SELECT count(*), coalesce(sum(lexeme_count), 0) FROM removed
"""
_WEIGH_ANEW = f"""
UPDATE rag_posting SET weight = {weight_expression("frequency", "rag_chunk.lexeme_count", "%(average)s")}
FROM rag_chunk WHERE lexical_index_id = %(index)s AND rag_chunk.id = chunk_id
"""  # noqa: S608  (put together from constants)


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


def add_postings(index: LexicalIndex, chunks: Sequence[Chunk], texts: Sequence[str]) -> None:
    """Index the words of ``texts[i]`` for ``chunks[i]``, and count the chunks in."""
    index.chunk_count += len(chunks)
    index.total_length += sum(chunk.lexeme_count for chunk in chunks)
    follow_average_length(index)
    if not index.weighted_length:
        return  # no chunk of the collection holds a word
    with connection.cursor() as cursor:
        cursor.execute(
            _ADD,
            {
                "index": index.pk,
                "language": index.language,
                "average": index.weighted_length,
                "ids": [chunk.pk for chunk in chunks],
                "lengths": [chunk.lexeme_count for chunk in chunks],
                "texts": [as_words(text) for text in texts],
            },
        )


def remove_postings(index: LexicalIndex, document_id: UUID) -> None:
    """Take out the words of a document's chunks, which must still be there, and count the chunks out.

    The statistics are saved by what follows: ``add_postings`` or ``follow_average_length``.
    """
    with connection.cursor() as cursor:
        cursor.execute(_REMOVE, {"document": document_id})
        chunk_count, length = cursor.fetchone()
    index.chunk_count -= chunk_count
    index.total_length -= length


def follow_average_length(index: LexicalIndex) -> None:
    """Save the statistics, and weigh the postings anew when the average length has left what they are made for."""
    average = index.average_length
    drifted = abs(average - index.weighted_length) > LARGEST_DRIFT * index.weighted_length
    if drifted:
        index.weighted_length = average
    index.save()
    if drifted and average:
        with connection.cursor() as cursor:
            cursor.execute(_WEIGH_ANEW, {"index": index.pk, "average": average})
