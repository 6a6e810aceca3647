"""Collections over HTTP: parse, call, return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.responses import Status

from rag.api.document_schemas import (
    CollectionChanges,
    CollectionDetailOut,
    CollectionIn,
    CollectionOut,
    EmbeddingModelIn,
    EmbeddingModelOut,
    ReprocessedOut,
)
from rag.api.pages import After, Limit
from rag.models import Collection
from rag.use_cases import change_embedding_model as models
from rag.use_cases import collections, lists
from rag.use_cases.create_collection import create_collection as make
from tenants.actors import Actor
from tenants.api.auth import actor_of
from tenants.api.pages import LINK_HEADER, link_next_page
from tenants.api.scopes import needs_scope
from tenants.database import in_database
from tenants.scopes import DOCUMENTS_READ, DOCUMENTS_WRITE

router = Router()
ONE = "/collections/{uuid:collection_id}/"


@router.get(
    "/collections/",
    response=list[CollectionOut],
    operation_id="list_collections",
    summary="List collections",
    openapi_extra=LINK_HEADER,
)
@needs_scope(DOCUMENTS_READ)
async def list_collections(
    request: HttpRequest, response: HttpResponse, limit: Limit = 200, after: After = None
) -> list[Collection]:
    """The collections that the actor may read, by name."""
    listed = await in_database(lists.list_collections, actor_of(request), limit, after)
    link_next_page(request, response, listed)
    return listed.rows


@router.post(
    "/collections/", response={201: CollectionOut}, operation_id="create_collection", summary="Create a collection"
)
@needs_scope(DOCUMENTS_WRITE)
async def create_collection(request: HttpRequest, payload: CollectionIn) -> Status:
    """A new, empty collection."""
    return Status(201, await in_database(lambda: make(actor_of(request), **payload.dict())))


@router.get(ONE, response=CollectionDetailOut, operation_id="get_collection", summary="Get a collection")
@needs_scope(DOCUMENTS_READ)
async def get_collection(request: HttpRequest, collection_id: UUID) -> dict[str, Any]:
    """The collection, and how far its documents are."""
    collection, counts = await in_database(lists.get_collection, actor_of(request), collection_id)
    return _with_counts(collection, counts)


@router.patch(ONE, response=CollectionOut, operation_id="update_collection", summary="Change a collection")
@needs_scope(DOCUMENTS_WRITE)
async def update_collection(request: HttpRequest, collection_id: UUID, payload: CollectionChanges) -> Collection:
    """Change what is sent, and nothing else."""
    changes = payload.dict(exclude_unset=True)
    return await in_database(collections.change_collection, actor_of(request), collection_id, changes)


@router.post(
    ONE + "reprocess/",
    response={202: ReprocessedOut},
    operation_id="reprocess_collection",
    summary="Take all documents in anew",
)
@needs_scope(DOCUMENTS_WRITE)
async def reprocess_collection(request: HttpRequest, collection_id: UUID) -> Status:
    """Read, split and embed all of its documents anew, as it is set now. What is there answers until each is ready.

    Of more than 500, each shows that it is queued only when its turn comes; the collection's numbers count all."""
    count = await in_database(collections.reprocess_collection, actor_of(request), collection_id)
    return Status(202, {"documents": count})


@router.delete(ONE, response={204: None}, operation_id="delete_collection", summary="Delete a collection")
@needs_scope(DOCUMENTS_WRITE)
async def delete_collection(request: HttpRequest, collection_id: UUID) -> Status:
    """Delete the collection with all its documents. It is gone at once; its rows go in the background."""
    actor: Actor = actor_of(request)
    await in_database(collections.delete_collection, actor, collection_id)
    return Status(204, None)


@router.get(
    ONE + "embedding-model/",
    response=EmbeddingModelOut,
    operation_id="get_embedding_model",
    summary="Get a collection's embedding model",
)
@needs_scope(DOCUMENTS_READ)
async def get_embedding_model(request: HttpRequest, collection_id: UUID) -> dict[str, Any]:
    """The model, and how far a change to another one is."""
    return await in_database(_embedding_model, actor_of(request), collection_id)


@router.put(
    ONE + "embedding-model/",
    response={202: EmbeddingModelOut},
    operation_id="change_embedding_model",
    summary="Change a collection's embedding model",
)
@needs_scope(DOCUMENTS_WRITE)
async def change_embedding_model(request: HttpRequest, collection_id: UUID, payload: EmbeddingModelIn) -> Status:
    """Embed the collection by another model. Its old vectors answer until the last new one is there; its own model
    again ends a change that is under way."""
    actor: Actor = actor_of(request)
    await in_database(models.change_embedding_model, actor, collection_id, payload.model)
    return Status(202, await in_database(_embedding_model, actor, collection_id))


def _embedding_model(actor: Actor, collection_id: UUID) -> dict[str, Any]:
    collection, _ = lists.get_collection(actor, collection_id)
    progress = models.reembedding_progress(collection)
    return {
        "model": collection.embedding_model,
        "next_model": progress.model if progress else "",
        "done": progress.done if progress else 0,
        "passages": progress.chunks if progress else 0,
    }


def _with_counts(collection: Collection, counts: Mapping[str, int]) -> dict[str, Any]:
    return {**CollectionOut.from_orm(collection).dict(), "documents": counts}
