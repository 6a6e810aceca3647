"""Make a collection."""

from __future__ import annotations

from django.db import IntegrityError, connection, transaction

from rag.access import check_may_write
from rag.exceptions import UnknownLanguage
from rag.ingest.embed import get_embedder
from rag.models import Collection, LexicalIndex
from rag.models.collection import (
    DEFAULT_CHUNK_TOKENS,
    DEFAULT_LANGUAGE,
    DEFAULT_OVERLAP_TOKENS,
    LONGEST_CHUNK,
    SHORTEST_CHUNK,
)
from tenants.actors import Actor
from tenants.audit import record, snapshot
from tenants.errors import Conflict, InvalidInput


def create_collection(
    actor: Actor,
    name: str,
    description: str = "",
    language: str = DEFAULT_LANGUAGE,
    embedding_model: str = "",
    *,
    chunk_tokens: int = DEFAULT_CHUNK_TOKENS,
    overlap_tokens: int = DEFAULT_OVERLAP_TOKENS,
) -> Collection:
    """A new, empty collection. Without ``embedding_model`` it gets the one that the settings name.

    Its documents are split into passages of ``chunk_tokens`` at the most, which overlap by ``overlap_tokens``.

    Raises ``NotAllowed``; ``InvalidInput`` for an empty name or a length that cannot be; ``UnknownLanguage``;
    ``EmbeddingUnavailable`` for a model that is not set up; ``Conflict`` for a name that is taken.
    """
    check_may_write(actor)
    name = check_name(name)
    _check_language(language)
    check_splitting(chunk_tokens, overlap_tokens)
    model = get_embedder(embedding_model).model
    try:
        with transaction.atomic():
            collection = Collection.objects.create(
                name=name,
                description=description.replace("\x00", "").strip(),
                language=language,
                embedding_model=model,
                chunk_tokens=chunk_tokens,
                overlap_tokens=overlap_tokens,
            )
            LexicalIndex.objects.create(collection=collection, language=language)
            record("collection.added", collection, after=snapshot(collection), by=actor)
    except IntegrityError as error:
        raise Conflict(f"There is a collection named {name} already.", code="collection_exists") from error
    return collection


def check_name(name: str) -> str:
    """The name as it is stored. Raises ``InvalidInput``."""
    name = name.replace("\x00", "").strip()
    if not 0 < len(name) <= 200:
        raise InvalidInput("A collection's name has 1 to 200 characters.", field="name")
    return name


def check_splitting(chunk_tokens: int, overlap_tokens: int) -> None:
    """Raises ``InvalidInput`` for lengths that passages cannot have."""
    if not SHORTEST_CHUNK <= chunk_tokens <= LONGEST_CHUNK:
        raise InvalidInput(
            f"A passage has {SHORTEST_CHUNK} to {LONGEST_CHUNK:,} tokens at the most.", field="chunk_tokens"
        )
    if not 0 <= overlap_tokens <= chunk_tokens // 2:
        raise InvalidInput("Passages overlap by half of their length at the most.", field="overlap_tokens")


def _check_language(language: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT cfgname FROM pg_ts_config ORDER BY cfgname")
        known = [row[0] for row in cursor.fetchall()]
    if language not in known:
        raise UnknownLanguage(f"The language must be one of: {', '.join(known)}.", field="language")
