"""BM25 and nearest vectors in SQL give what the definitions give."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.ingest import postings as postings_module
from rag.ingest.embed import WordLlamaEmbedder
from rag.models import Chunk, Document, Embedding, LexicalIndex
from rag.search.query_vectors import QueryVector
from rag.search.ranking import Scope, rank, rank_by_meaning, rank_by_words
from rag.search.vector import EXTENT
from rag.use_cases.delete_document import delete_document
from tests.integration.rag.conftest import make_library, postings

TEXTS = [
    "boundary layer flow over a flat plate",
    "heat transfer in a boundary layer with suction",
    "supersonic flow past a cone cone cone",
    "buckling of thin cylindrical shells under axial load, tested to failure at length and then again",
    "boundary boundary boundary",
    "part AX-4711 and error E42",
]


def bm25(query: list[str], k1: float = 1.2, b: float = 0.75) -> dict[int, float]:
    """The textbook's formula, over the words that were indexed."""
    index = LexicalIndex.objects.get()
    documents: dict[int, Counter[str]] = {}
    for chunk_id, lexeme, frequency, _ in postings():
        documents.setdefault(chunk_id, Counter())[lexeme] = frequency
    scores = {}
    for chunk_id, terms in documents.items():
        length = sum(terms.values()) / index.average_length
        score = 0.0
        for term in set(query) & set(terms):
            occurrences = sum(term in other for other in documents.values())
            idf = math.log(1 + (len(documents) - occurrences + 0.5) / (occurrences + 0.5))
            score += idf * terms[term] * (k1 + 1) / (terms[term] + k1 * (1 - b + b * length))
        if score:
            scores[chunk_id] = score
    return scores


@pytest.fixture
def texts(library):
    for number, text in enumerate(TEXTS):
        library.add(text, f"{number}.txt", title="t")
    return library


@pytest.mark.parametrize(
    ("query", "lexemes"),
    [
        ("boundary layers", ["boundari", "layer"]),
        ("the flow in a CONE", ["flow", "cone"]),
        ("cone cone boundary", ["cone", "boundari"]),
        ("load", ["load"]),
    ],
)
def test_words_are_ranked_by_bm25(texts, query, lexemes):
    expected = bm25(lexemes)
    ranking = rank_by_words(query, [texts.collection.pk], 10)
    assert dict(ranking) == pytest.approx(expected, rel=1e-4)
    assert [score for _, score in ranking] == sorted((score for _, score in ranking), reverse=True)


def test_words_are_ranked_by_bm25_whatever_the_texts(library, monkeypatch):
    """Against the formula; and with common words put off, each chunk that is found has its whole score."""
    vocabulary = ["flow", "layer", "cone", "shell", "load", "plate", "AX4711", "heat"]
    texts = st.lists(st.lists(st.sampled_from(vocabulary), min_size=1, max_size=12), min_size=1, max_size=6)

    @settings(max_examples=8, deadline=None, derandomize=True)
    @given(texts, st.lists(st.sampled_from(vocabulary), min_size=1, max_size=5))
    def agrees(texts, words):
        for number, words_of_text in enumerate(texts):
            library.add(" ".join(words_of_text), f"{number}.txt", title="t")
        for document in Document.objects.exclude(source__in=[f"{number}.txt" for number in range(len(texts))]):
            delete_document(library.editor, document.pk)
        expected = bm25([lexeme_of(word) for word in words])
        scope = Scope({library.collection.pk: ""})
        assert dict(rank(" ".join(words), scope, 10).by_words) == pytest.approx(expected, rel=1e-4)
        for chunk_id, score in rank(" ".join(words), scope, 10, most_postings=1).by_words:
            assert score == pytest.approx(expected[chunk_id], rel=1e-4)

    monkeypatch.setattr(postings_module, "LATEST", 2)  # so that words are put off that are in several rows
    agrees()


def lexeme_of(word: str) -> str:
    """The one lexeme of a word."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT lexeme FROM unnest(to_tsvector('english', %s))", [word])
        return cursor.fetchone()[0]


@pytest.mark.parametrize("query", ["", "the of", "zebra", "???", "a & b | !c :*", "'; DROP TABLE rag_chunk; --"])
def test_a_query_without_words_of_the_collection_finds_nothing(texts, query):
    assert rank_by_words(query, [texts.collection.pk], 10) == []


@pytest.mark.parametrize("query", ["AX-4711", "ax-4711", "E42", "4711", "error/E42"])
def test_codes_and_numbers_are_found_exactly(texts, query):
    (first, _), *_ = rank_by_words(query, [texts.collection.pk], 10)
    assert "AX-4711" in Chunk.objects.get(pk=first).text


def test_each_collection_is_searched_in_its_own_language(texts):
    german = make_library(texts.tenant, "Deutsch", language="german")
    german.add("Die Häuser der Stadt", "stadt.txt")
    assert len(rank_by_words("Haus", [german.collection.pk, texts.collection.pk], 10)) == 1
    assert rank_by_words("Haus", [texts.collection.pk], 10) == []


def test_scores_of_several_collections_compare(texts):
    other = make_library(texts.tenant, "Other")
    other.add(TEXTS[0], "same.txt", title="t")
    both = [texts.collection.pk, other.collection.pk]
    rarity_alone = dict(rank_by_words("plate", [texts.collection.pk], 10))
    together = dict(rank_by_words("plate", both, 10))
    assert len(together) == 2
    assert max(together.values()) < max(rarity_alone.values())  # two chunks have the word now: it is less rare


def test_meaning_is_ranked_by_cosine(texts):
    query = WordLlamaEmbedder().embed_query("heat in boundary layers")
    stored = {row.chunk_id: np.array(row.vector) for row in Embedding.objects.all()}
    expected = {chunk_id: float(query @ vector / np.linalg.norm(vector)) for chunk_id, vector in stored.items()}
    ranking = rank_by_meaning(query, "wordllama-256", [texts.collection.pk], 10)
    assert dict(ranking) == pytest.approx(expected, abs=1e-3)
    assert [chunk_id for chunk_id, _ in ranking] == sorted(expected, key=lambda key: -expected[key])


def test_a_query_without_a_direction_finds_nothing(texts):
    assert rank_by_meaning(np.zeros(256, np.float32), "wordllama-256", [texts.collection.pk], 10) == []


def test_vectors_of_other_models_live_in_the_same_table_and_do_not_mix(texts):
    chunk = Chunk.objects.first()
    Embedding.objects.create(
        chunk=chunk,
        collection=texts.collection,
        document=chunk.document,
        model="other-3",
        dimension=3,
        vector=[1, 0, 0],
    )
    ids = [texts.collection.pk]
    assert rank_by_meaning(np.array([1, 0, 0], np.float32), "other-3", ids, 10) == [(chunk.pk, 1.0)]
    assert len(rank_by_meaning(WordLlamaEmbedder().embed_query("flow"), "wordllama-256", ids, 10)) == len(TEXTS)


def test_a_small_collection_among_many_vectors_loses_no_neighbour(texts):
    """The index is walked on until the filter is satisfied; a plain scan would come back with too few rows."""
    crowd = make_library(texts.tenant, "Crowd")
    document = crowd.add("one chunk", "crowd.txt")
    row = Chunk.objects.get(document=document)
    numbers = np.random.default_rng(7)
    query = WordLlamaEmbedder().embed_query("flow")
    rows = Chunk.objects.bulk_create(
        Chunk(document=document, collection=crowd.collection, ordinal=place, text=row.text, start_offset=0,
              end_offset=1, token_count=1, lexeme_count=1, content_hash="x")
        for place in range(1, 2001)
    )  # fmt: skip
    Embedding.objects.bulk_create(
        Embedding(chunk=chunk, collection=crowd.collection, document=document, model="wordllama-256", dimension=256,
                  vector=query + numbers.normal(0, 0.02, 256))
        for chunk in rows
    )  # fmt: skip
    asked, scope = [QueryVector("wordllama-256", query, -1.0)], Scope({texts.collection.pk: "wordllama-256"})
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = off")  # so that these few rows are read through the index, too
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        found = rank("", scope, 10, asked, few=0).by_meaning[0]
        assert len(found) == len(TEXTS)
        assert _scans(cursor) == 1
    assert found == rank("", scope, 10, asked).by_meaning[0]  # as by looking at each


def test_the_index_is_walked_where_that_is_quicker_than_looking_at_all(texts):
    """A walk meets as many vectors that the filter leaves out as the filter is narrow: each costs."""
    walked = [case for case in CASES if _is_walked(*case)]
    assert walked == [
        (10_000, 500, 10_000),
        (15_000, 750, 100_000),
        (10_000, 10_000, 100_000),  # a document of one chunk costs more than a chunk of a long one
        (100_000, 5_000, 300_000),
    ]


CASES = [  # chunks that are searched, their documents, chunks of the tenant
    (5_000, 250, 10_000),
    (10_000, 500, 10_000),
    (7_000, 7_000, 100_000),
    (10_000, 500, 100_000),
    (15_000, 750, 100_000),
    (10_000, 10_000, 100_000),
    (10_000, 10_000, 300_000),
    (15_000, 750, 300_000),
    (100_000, 5_000, 300_000),
]


def _is_walked(searched: int, documents: int, indexed: int) -> bool:
    LexicalIndex.objects.update(chunk_count=indexed)
    each = "(SELECT %(chunks)s::int AS chunk_count FROM generate_series(1, %(documents)s::int)) AS documents"
    given = {"chunks": searched // documents, "documents": documents, "depth": 50, "few": None}
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {EXTENT.format(searched=each)} SELECT NOT are_few FROM extent", given)
        return cursor.fetchone()[0]


def _scans(cursor) -> int:
    """How often this transaction has walked the model's index."""
    cursor.execute("SELECT pg_stat_get_xact_numscans('embedding_hnsw_wordllama_256'::regclass)")
    return cursor.fetchone()[0]
