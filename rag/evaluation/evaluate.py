"""Index a judged collection in each way that is to be compared, ask all of its questions, and measure."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import mean
from typing import Any

from django.db import connection, transaction

from rag.evaluation.beir import CorpusDocument, JudgedCollection
from rag.evaluation.metrics import ndcg, percentile, recall, reciprocal_rank
from rag.evaluation.scratch import scratch_tenant
from rag.extraction.protocol import Reading
from rag.ingest.embed import Embedder, Vectors, get_embedder
from rag.ingest.index import PreparedDocument, searchable_text, write_index
from rag.ingest.parsed import ParsedDocument
from rag.ingest.split import OVERLAP_TOKENS, TARGET_TOKENS, split
from rag.models import Collection, Document, LexicalIndex
from rag.search import hybrid
from rag.search.hybrid import Mode, Options
from rag.search.query_vectors import QueryVector
from rag.search.ranking import Scope

_AT_ONCE = 100  # documents that are embedded and written together
_CHUNKS_A_DOCUMENT = 5  # asked for, so that the best k documents are among the chunks


@dataclass(frozen=True)
class Splitting:
    """How documents are split: lengths in estimated tokens."""

    target_tokens: int = TARGET_TOKENS
    overlap_tokens: int = OVERLAP_TOKENS

    def __str__(self) -> str:
        return f"{self.target_tokens}/{self.overlap_tokens}"


@dataclass(frozen=True)
class Setup:
    """What is compared: each way of splitting with each way of ranking, in one language, with one model."""

    splittings: Sequence[Splitting] = (Splitting(),)
    modes: Sequence[Mode] = ("words", "meaning", "hybrid")
    language: str = "english"
    model: str = ""
    k: int = 10


@dataclass(frozen=True)
class Result:
    """One configuration's figures over all questions. Times are in milliseconds, embedding the question aside."""

    collection: str
    splitting: str
    mode: str
    k: int
    questions: int
    chunks: int
    ndcg: float
    recall: float
    mrr: float
    p50_ms: float
    p95_ms: float

    def as_json(self) -> dict[str, Any]:
        """Rounded, for a file."""
        return {key: round(value, 4) if isinstance(value, float) else value for key, value in asdict(self).items()}


def evaluate(
    collection: JudgedCollection, setup: Setup, tell: Callable[[str], object] = lambda line: None
) -> Iterator[Result]:
    """The result of each configuration, in a tenant of its own that is gone afterwards.

    Raises ``EmbeddingUnavailable``.
    """
    embedder = get_embedder(setup.model)
    questions = {key: embedder.embed_query(text) for key, text in collection.questions.items()}
    with scratch_tenant():
        for splitting in setup.splittings:
            began = time.perf_counter()
            scope, documents, chunks = _indexed(collection, splitting, setup.language, embedder)
            tell(f"{collection.name}: {chunks} chunks ({splitting}) indexed in {time.perf_counter() - began:.1f} s")
            asking = _Asking(collection, scope, documents, embedder, questions, setup.k)
            for mode in setup.modes:
                yield asking.result(mode, str(splitting), chunks)


@dataclass(frozen=True)
class _Asking:
    """The questions, and where they are asked. ``documents``: the corpus' id of each of our documents."""

    collection: JudgedCollection
    scope: Scope
    documents: dict[Any, str]
    embedder: Embedder
    questions: dict[str, Vectors]
    k: int

    def result(self, mode: Mode, splitting: str, chunks: int) -> Result:
        """Ask all questions in one way."""
        options = Options(limit=self.k * _CHUNKS_A_DOCUMENT, mode=mode, join=False)
        rankings, took = {}, []
        for key, text in self.collection.questions.items():
            vector = QueryVector(self.embedder.model, self.questions[key], self.embedder.similarity_floor)
            began = time.perf_counter()
            hits = hybrid.search(text, self.scope, options, [vector])
            took.append(1000 * (time.perf_counter() - began))
            rankings[key] = list(dict.fromkeys(self.documents[hit.document_id] for hit in hits))

        def average(measure: Callable[..., float]) -> float:
            return mean(measure(ranking, self.collection.judgements[key], self.k) for key, ranking in rankings.items())

        return Result(
            self.collection.name,
            splitting,
            mode,
            self.k,
            len(rankings),
            chunks,
            average(ndcg),
            average(recall),
            average(reciprocal_rank),
            percentile(took, 0.5),
            percentile(took, 0.95),
        )


def _indexed(
    collection: JudgedCollection, splitting: Splitting, language: str, embedder: Embedder
) -> tuple[Scope, dict[Any, str], int]:
    """Where the corpus can be searched now, what its documents are called there, and how many chunks they have."""
    row = Collection.objects.create(name=str(splitting), language=language, embedding_model=embedder.model)
    LexicalIndex.objects.create(collection=row, language=language)
    names: dict[Any, str] = {}
    chunks = 0
    for begin in range(0, len(collection.corpus), _AT_ONCE):
        batch = collection.corpus[begin : begin + _AT_ONCE]
        documents = Document.objects.bulk_create(
            Document(collection=row, source=each.id, media_type="text/plain", sha256="", size=0) for each in batch
        )
        names |= {document.pk: each.id for document, each in zip(documents, batch, strict=True)}
        chunks += _write(documents, batch, splitting, embedder)
    with connection.cursor() as cursor:  # as autovacuum would: the planner knows the tables, and indexes are read alone
        cursor.execute("ANALYZE")
    return Scope({row.pk: embedder.model}), names, chunks


def _write(
    documents: Sequence[Document], batch: Sequence[CorpusDocument], splitting: Splitting, embedder: Embedder
) -> int:
    """Split, embed and index some documents."""
    readings = [_read(each, splitting) for each in batch]
    searchable = [
        [searchable_text(each.title, draft) for draft in reading.drafts]
        for each, reading in zip(batch, readings, strict=True)
    ]
    vectors = embedder.embed_documents([text for texts in searchable for text in texts])
    place = 0
    with transaction.atomic():
        for number, document in enumerate(documents):
            count = len(readings[number].drafts)
            write_index(
                PreparedDocument(
                    document_id=document.pk,
                    version=document.version,
                    queued_at=document.queued_at,
                    title=batch[number].title[:500],
                    reading=readings[number],
                    searchable=searchable[number],
                    model=embedder.model,
                    vectors=vectors[place : place + count],
                )
            )
            place += count
    return place


def _read(document: CorpusDocument, splitting: Splitting) -> Reading:
    """What the extraction makes of a plain text, without a process of its own for each."""
    parsed = ParsedDocument(document.title, document.text)
    drafts = tuple(split(parsed, splitting.target_tokens, splitting.overlap_tokens))
    return Reading(title=document.title, text=document.text, media_type="text/plain", page_count=0, drafts=drafts)
