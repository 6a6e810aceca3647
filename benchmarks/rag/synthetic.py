"""Synthetic chunks in any number: words by Zipf's law, vectors near a few dimensions as texts' are, five collections.

Loaded past the product's own writing, which is measured elsewhere (ingestion): tables by COPY, then the postings in one
statement, then the indexes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import numpy as np

WORDS = 60_000
COMMONEST = 127  # as many stop words as English has in PostgreSQL: left out of questions that are like people's
SHORTEST, LONGEST = 60, 180  # words of a chunk
CHUNKS_A_DOCUMENT = 20
COLLECTIONS = 5
YEARS = 20  # values of the metadata that the filter is over: it leaves a twentieth
LATENT, DIMENSION, NOISE = 24, 256, 0.05
MODEL = "wordllama-256"
_CONSONANTS, _VOWELS = "bcdfghjklmnpqrstvwxz", "aeiou"


def word(number: int) -> str:
    """The ``number``-th commonest word, which no stemmer touches."""
    text, number = "", number + 1
    while number:
        text += _CONSONANTS[number % 20] + _VOWELS[number // 20 % 5]
        number //= 100
    return text + "q"


@dataclass(frozen=True)
class Question:
    """What is asked: words, and a vector near that of a chunk."""

    words: str
    vector: np.ndarray


class Synthetic:
    """A source of chunks and questions, always the same for the same seed."""

    def __init__(self, seed: int = 6) -> None:
        self._random = np.random.default_rng(seed)
        shares = 1 / np.arange(1, WORDS + 1)
        self._cumulated = np.cumsum(shares / shares.sum())
        self._words = np.array([word(number) for number in range(WORDS)])
        self._spread = np.random.default_rng(seed + 1).normal(size=(LATENT, DIMENSION)).astype(np.float32)

    def texts(self, count: int) -> Iterator[tuple[str, int]]:
        """So many texts with their lengths in words."""
        for length in self._random.integers(SHORTEST, LONGEST + 1, count):
            yield " ".join(self._words[self._ranks(int(length))]), int(length)

    def vectors(self, count: int) -> np.ndarray:
        """``(count, DIMENSION)``, of length 1."""
        latent = self._random.normal(size=(count, LATENT)).astype(np.float32)
        rows = latent @ self._spread + NOISE * self._random.normal(size=(count, DIMENSION)).astype(np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def questions(self, count: int, commonest_left_out: int = COMMONEST) -> list[Question]:
        """Three to eight words each, drawn as the texts' are."""
        vectors = self.vectors(count)
        return [Question(self._asked(commonest_left_out), vector) for vector in vectors]

    def _asked(self, left_out: int) -> str:
        wanted, ranks = int(self._random.integers(3, 9)), list[int]()
        while len(ranks) < wanted:
            rank = int(self._ranks(1)[0])
            if rank >= left_out and rank not in ranks:
                ranks.append(rank)
        return " ".join(map(word, ranks))

    def _ranks(self, count: int) -> np.ndarray:
        return np.minimum(np.searchsorted(self._cumulated, self._random.random(count)), WORDS - 1)


def load(source: Synthetic, chunks: int) -> list[UUID]:
    """Fill the tenant in force; returns its collections. With the rights of the database's owner."""
    from django.db import connection

    from rag.search.lexical import posting_expression
    from tenants.context import owner_rights

    collections = [uuid4() for _ in range(COLLECTIONS)]
    documents = [uuid4() for _ in range((chunks + CHUNKS_A_DOCUMENT - 1) // CHUNKS_A_DOCUMENT)]
    with owner_rights(), connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '512MB'")
        _make_collections(collections)
        _make_documents(collections, documents)
        _copy_chunks(cursor, source, collections, documents, chunks)
        for statement in _indexing(posting_expression("chunk.id", "word.frequency", "chunk.lexeme_count")):
            cursor.execute(statement)
        _copy_vectors(cursor, source, collections, documents, chunks)
    return collections


def _make_collections(collections) -> None:
    from rag.models import Collection, LexicalIndex

    rows = [Collection(pk=key, name=str(key), language="simple", embedding_model=MODEL) for key in collections]
    Collection.objects.bulk_create(rows)
    LexicalIndex.objects.bulk_create(LexicalIndex(collection=row, language="simple") for row in rows)


def _make_documents(collections, documents) -> None:
    from rag.models import Document

    Document.objects.bulk_create(
        (
            Document(
                pk=key,
                title=f"Document {number}",
                media_type="text/plain",
                size=1,
                metadata={"year": 2000 + number // COLLECTIONS % YEARS, "number": number},
                status="ready",
                chunk_count=CHUNKS_A_DOCUMENT,
                collection_id=collections[number % COLLECTIONS],
            )
            for number, key in enumerate(documents)
        ),
        batch_size=1000,
    )


def _copy_chunks(cursor, source, collections, documents, chunks) -> None:
    columns = "id, document_id, collection_id, ordinal, text, heading, table_header, start_offset, end_offset"
    with cursor.copy(f"COPY rag_chunk ({columns}, token_count, lexeme_count, content_hash) FROM STDIN") as copy:
        for number, (text, length) in enumerate(source.texts(chunks)):
            place, ordinal = divmod(number, CHUNKS_A_DOCUMENT)
            row = [number + 1, documents[place], collections[place % COLLECTIONS], ordinal, text, "", "", 0, len(text)]
            copy.write_row([*row, length, length, ""])


def _indexing(posting: str) -> list[str]:
    """As ``rag.ingest.postings`` leaves it: runs of so many, and what is left with the word."""
    from rag.ingest.postings import LATEST
    from rag.search.lexical import CHUNK_BITS

    return [
        "CREATE TEMPORARY TABLE packed AS"
        f" SELECT lexical_index_id, lexeme, array_agg(posting ORDER BY posting) AS postings FROM ("
        f"  SELECT index.id AS lexical_index_id, word.lexeme, {posting} AS posting,"
        f"  (row_number() OVER (PARTITION BY index.id, word.lexeme ORDER BY chunk.id) - 1) / {LATEST} AS run"
        "  FROM rag_chunk AS chunk JOIN rag_lexicalindex AS index USING (collection_id),"
        "  LATERAL (SELECT lexeme, cardinality(positions) AS frequency FROM unnest(to_tsvector('simple', chunk.text)))"
        "  AS word) AS numbered"
        " GROUP BY lexical_index_id, lexeme, run",
        "INSERT INTO rag_word (lexical_index_id, lexeme, chunk_count, latest)"
        " SELECT lexical_index_id, lexeme, sum(cardinality(postings)),"
        f" coalesce(max(postings) FILTER (WHERE cardinality(postings) < {LATEST}), '{{}}')"
        " FROM packed GROUP BY lexical_index_id, lexeme",
        "INSERT INTO rag_postings (word_id, first_chunk, postings)"
        f" SELECT word.id, postings[1] >> {CHUNK_BITS}, postings"
        " FROM packed JOIN rag_word AS word USING (lexical_index_id, lexeme)"
        f" WHERE cardinality(postings) = {LATEST}",
        "INSERT INTO rag_documentwords (document_id, word_ids)"
        " SELECT document_id, array_agg(word.id) FROM ("
        "  SELECT DISTINCT chunk.document_id, index.id AS lexical_index_id, unnest(tsvector_to_array(to_tsvector("
        "  'simple', chunk.text))) AS lexeme"
        "  FROM rag_chunk AS chunk JOIN rag_lexicalindex AS index USING (collection_id)) AS had"
        " JOIN rag_word AS word USING (lexical_index_id, lexeme) GROUP BY document_id",
        "DROP TABLE packed",
        "UPDATE rag_lexicalindex AS index SET chunk_count = counted.chunks, total_length = counted.length"
        " FROM (SELECT collection_id, count(*) AS chunks, sum(lexeme_count) AS length FROM rag_chunk GROUP BY 1)"
        " AS counted WHERE counted.collection_id = index.collection_id",
    ]


def _copy_vectors(cursor, source, collections, documents, chunks) -> None:
    cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'embedding_hnsw_wordllama_256' LIMIT 1")
    (definition,) = cursor.fetchone()
    cursor.execute("DROP INDEX embedding_hnsw_wordllama_256")
    columns = "model, dimension, vector, chunk_id, document_id, collection_id"
    with cursor.copy(f"COPY rag_embedding ({columns}) FROM STDIN") as copy:
        for begin in range(0, chunks, 1000):
            for number, vector in enumerate(source.vectors(min(1000, chunks - begin)), start=begin):
                place = number // CHUNKS_A_DOCUMENT
                written = as_text(vector)
                copy.write_row(
                    [MODEL, DIMENSION, written, number + 1, documents[place], collections[place % COLLECTIONS]]
                )
    cursor.execute(definition.replace(definition.split(" ON ")[1].split(".")[0] + ".", "", 1))
    cursor.execute("VACUUM ANALYZE")


def as_text(vector: np.ndarray) -> str:
    """A vector as PostgreSQL reads it."""
    return "[" + ",".join(f"{number:.5f}" for number in vector) + "]"
