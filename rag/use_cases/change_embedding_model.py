"""Give a collection another embedding model: its chunks are embedded anew beside the old vectors, which answer until
all of the new ones are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Sum
from django.db.models.functions import Coalesce
from pgvector import HalfVector

from rag.access import access_collection_to_write
from rag.exceptions import EmbeddingUnavailable
from rag.ingest.embed import Vectors, get_embedder
from rag.ingest.index import searchable_text
from rag.ingest.known_vectors import embed_chunks, forget_staged
from rag.ingest.postings import lock_lexical_index
from rag.ingest.vector_index import needs_index
from rag.models import Chunk, Collection, Embedding
from tenants.actors import Actor
from tenants.audit import record
from tenants.database import give_connections_back
from tenants.errors import InvalidInput

_AT_ONCE = 256  # chunks
_REMOVED_AT_ONCE = 2000  # old vectors

_MISSING = """
FROM rag_chunk AS chunk WHERE chunk.collection_id = %(collection)s AND NOT EXISTS (
    SELECT FROM rag_embedding AS embedding
    WHERE embedding.chunk_id = chunk.id AND embedding.model = %(model)s AND embedding.dimension = %(dimension)s
)
"""
_WRITE = """
INSERT INTO rag_embedding (chunk_id, collection_id, document_id, model, dimension, vector)
SELECT chunk.id, chunk.collection_id, chunk.document_id, %(model)s, %(dimension)s, given.vector::halfvec
FROM unnest(%(ids)s::bigint[], %(vectors)s::text[]) AS given (id, vector)
JOIN rag_chunk AS chunk ON chunk.id = given.id
ON CONFLICT DO NOTHING
"""
_REMOVE_OLD = """
DELETE FROM rag_embedding WHERE id IN (
    SELECT id FROM rag_embedding
    WHERE collection_id = %(collection)s AND (model, dimension) <> (%(model)s, %(dimension)s)
        AND (model = %(model)s OR model <> ALL(%(wanted)s)) LIMIT %(at_once)s
)
"""


@dataclass(frozen=True)
class Progress:
    """How far a change of model is: ``done`` of ``chunks`` have a vector by it.

    ``waits`` says why it cannot go on: the model is not set up any more.
    """

    model: str
    done: int
    chunks: int
    waits: str = ""


@dataclass(frozen=True)
class EmbeddingCost:
    """What a collection's vectors are made by, and what other ones would cost: so many passages, so many tokens.

    ``dimension`` is None while it has no vector.
    """

    model: str
    dimension: int | None
    chunks: int
    tokens: int


def embedding_cost(collection: Collection) -> EmbeddingCost:
    """What embedding the collection anew costs. Two queries; the passages' tokens are estimated, as anywhere."""
    sums = {"number": Count("pk"), "tokens": Coalesce(Sum("token_count"), 0)}
    found = Chunk.objects.filter(collection=collection).order_by().aggregate(**sums)
    vectors = Embedding.objects.filter(collection=collection, model=collection.embedding_model)
    dimension = vectors.values_list("dimension", flat=True).first()
    return EmbeddingCost(collection.embedding_model, dimension, found["number"], found["tokens"])


def change_embedding_model(actor: Actor, collection_id: UUID, model: str) -> Collection:
    """Begin to embed the collection by another model. It answers by the old one until that is done.

    Its own model again ends a change that is under way. Raises ``NotFound``, ``NotAllowed``, ``InvalidInput``;
    ``EmbeddingUnavailable`` for a model that is not set up.
    """
    from rag.tasks import reembed_collection as job

    collection = access_collection_to_write(actor, collection_id)
    if not model.strip():
        raise InvalidInput("Name the embedding model.", field="embedding_model")
    stays = model.strip() == collection.embedding_model  # which needs no model that answers
    wanted = collection.embedding_model if stays else get_embedder(model.strip()).model
    with transaction.atomic():
        collection = Collection.objects.select_for_update().get(pk=collection.pk)
        before = collection.next_embedding_model
        collection.next_embedding_model = "" if wanted == collection.embedding_model else wanted
        if collection.next_embedding_model != before:
            collection.save(update_fields=["next_embedding_model"])
            old, new = {"embedding_model": collection.embedding_model}, {"embedding_model": wanted}
            record("collection.embedding_model", collection, before=old, after=new, by=actor)
            job.defer(collection_id=str(collection.pk))
    return collection


def reembedding_progress(collection: Collection) -> Progress | None:
    """How far the change of the collection's model is; None where none is under way."""
    if not collection.next_embedding_model:
        return None
    model = collection.next_embedding_model
    chunks = Chunk.objects.filter(collection=collection).count()
    try:
        embedder = get_embedder(model)
    except EmbeddingUnavailable as error:
        done = Embedding.objects.filter(collection=collection, model=model).count()
        return Progress(model, min(done, chunks), chunks, waits=error.detail)
    return Progress(model, chunks - _count_missing(collection.pk, embedder.model, embedder.dimension), chunks)


def reembed_collection(collection_id: UUID) -> None:
    """The job's body: embed what has no vector by the model that is to be, switch, and take the old vectors away.

    It may be broken off and run again at any point: what is there is not asked for again. Raises
    ``EmbeddingUnavailable``.
    """
    from rag.tasks import build_vector_index as index_job

    blank: set[int] = set()  # the model sees nothing in them: they have no vector, and need none
    while (collection := Collection.objects.filter(pk=collection_id).first()) is not None:
        embedder = get_embedder(collection.next_embedding_model or collection.embedding_model)
        facts: dict[str, Any] = {"collection": collection_id, "model": embedder.model, "dimension": embedder.dimension}
        chunks = _next_chunks(facts, blank)
        if chunks:
            texts = [searchable_text(chunk.document.title, chunk) for chunk in chunks]
            give_connections_back()
            vectors = embed_chunks(embedder, texts)
            blank |= {chunk.pk for chunk, vector in zip(chunks, vectors, strict=True) if not vector.any()}
            _write(facts, chunks, vectors)
            forget_staged(texts)
        elif _switched(collection_id, facts, blank):
            _remove_old(facts)
            if needs_index(embedder.model, embedder.dimension):
                index_job.defer(model=embedder.model, dimension=embedder.dimension)
            return


def _next_chunks(facts: dict[str, Any], blank: set[int]) -> list[Chunk]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT chunk.id {_MISSING} AND chunk.id <> ALL(%(blank)s) ORDER BY chunk.id LIMIT %(at_once)s",
            facts | {"blank": list(blank), "at_once": _AT_ONCE},
        )
        ids = [row[0] for row in cursor.fetchall()]
    rows = Chunk.objects.filter(pk__in=ids).select_related("document").order_by("pk")
    return list(rows.defer("document__text", "document__metadata"))


def _count_missing(collection_id: UUID, model: str, dimension: int, without: Sequence[int] = ()) -> int:
    facts: dict[str, Any] = {
        "collection": collection_id,
        "model": model,
        "dimension": dimension,
        "blank": list(without),
    }
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {_MISSING} AND chunk.id <> ALL(%(blank)s)", facts)
        return cursor.fetchone()[0]


def _write(facts: dict[str, Any], chunks: Sequence[Chunk], vectors: Vectors) -> None:
    pairs = [(chunk.pk, HalfVector(row).to_text()) for chunk, row in zip(chunks, vectors, strict=True) if row.any()]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, facts | {"ids": [pk for pk, _ in pairs], "vectors": [text for _, text in pairs]})


def _switched(collection_id: UUID, facts: dict[str, Any], blank: set[int]) -> bool:
    """Whether the new vectors answer from now on. Writers wait meanwhile, so none is missing at that moment."""
    with transaction.atomic():
        lock_lexical_index(collection_id)
        collection = Collection.objects.select_for_update().get(pk=collection_id)
        if (collection.next_embedding_model or collection.embedding_model) != facts["model"]:
            return False
        if _count_missing(collection_id, facts["model"], facts["dimension"], list(blank)):
            return False
        if collection.next_embedding_model:
            collection.embedding_model, collection.next_embedding_model = collection.next_embedding_model, ""
            collection.save(update_fields=["embedding_model", "next_embedding_model"])
    return True


def _remove_old(facts: dict[str, Any]) -> None:
    """In pieces: no search waits for a long transaction. The model may be changed once more meanwhile, so each piece
    asks, and holds on to, which ones are wanted by now."""
    models = Collection.objects.filter(pk=facts["collection"]).values_list("embedding_model", "next_embedding_model")
    removed = _REMOVED_AT_ONCE
    while removed == _REMOVED_AT_ONCE:
        with transaction.atomic(), connection.cursor() as cursor:
            wanted = [model for row in models.select_for_update(no_key=True) for model in row]
            cursor.execute(_REMOVE_OLD, facts | {"at_once": _REMOVED_AT_ONCE, "wanted": wanted})
            removed = cursor.rowcount
