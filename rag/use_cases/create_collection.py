"""Make a collection."""

from __future__ import annotations

from django.db import IntegrityError, connection, transaction

from rag.access import check_may_write
from rag.exceptions import UnknownLanguage
from rag.ingest.embed import get_embedder
from rag.models import Collection, LexicalIndex
from rag.models.collection import DEFAULT_LANGUAGE
from tenants.actors import Actor
from tenants.errors import Conflict, InvalidInput


def create_collection(
    actor: Actor,
    name: str,
    description: str = "",
    language: str = DEFAULT_LANGUAGE,
    embedding_model: str = "",
) -> Collection:
    """A new, empty collection. Without ``embedding_model`` it gets the one that the settings name.

    Raises ``NotAllowed``; ``InvalidInput`` for an empty name; ``UnknownLanguage``; ``EmbeddingUnavailable``
    for a model that is not set up; ``Conflict`` for a name that is taken.
    """
    check_may_write(actor)
    name = _check_name(name)
    _check_language(language)
    model = get_embedder(embedding_model).model
    try:
        with transaction.atomic():
            collection = Collection.objects.create(
                name=name, description=description, language=language, embedding_model=model
            )
            LexicalIndex.objects.create(collection=collection, language=language)
    except IntegrityError as error:
        raise Conflict(f"There is a collection named {name} already.", code="collection_exists") from error
    return collection


def _check_name(name: str) -> str:
    name = name.replace("\x00", "").strip()
    if not 0 < len(name) <= 200:
        raise InvalidInput("A collection's name has 1 to 200 characters.", field="name")
    return name


def _check_language(language: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT cfgname FROM pg_ts_config ORDER BY cfgname")
        known = [row[0] for row in cursor.fetchall()]
    if language not in known:
        raise UnknownLanguage(f"The language must be one of: {', '.join(known)}.", field="language")
