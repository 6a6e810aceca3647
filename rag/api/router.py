"""Collections, documents, passages and search, for who is signed in."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router

from rag.access import access_collections, access_documents
from rag.api.schemas import CollectionOut, DocumentOut, PassageOut, SearchIn, SearchOut
from rag.models import Collection, Document
from rag.search.hits import Hit
from rag.use_cases.get_passage import Passage
from rag.use_cases.get_passage import get_passage as get_passage_of
from rag.use_cases.search import Options, asearch
from tenants.actors import Actor
from tenants.api.auth import actor_of
from tenants.api.scopes import needs_scope
from tenants.database import in_database
from tenants.scopes import DOCUMENTS_READ

router = Router(tags=["knowledge"])

Limit = Annotated[int, Query(ge=1, le=200)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]


@router.get("/collections/", response=list[CollectionOut], operation_id="list_collections", summary="List collections")
@needs_scope(DOCUMENTS_READ)
async def list_collections(request: HttpRequest) -> list[Collection]:
    """The collections that the actor may read, by name."""
    return await in_database(lambda: list(access_collections(actor_of(request))))


@router.post(
    "/collections/search/", response=SearchOut, operation_id="search_collections", summary="Search collections"
)
@needs_scope(DOCUMENTS_READ)
async def search_collections(request: HttpRequest, body: SearchIn) -> dict[str, list[Hit]]:
    """The best passages by words and by meaning. Nothing is found where neither comes near."""
    told = body.dict(include={"limit", "filter", "mode", "min_score", "join"})
    options = Options(**told, marks=True)
    return {"hits": await asearch(actor_of(request), body.query, body.collection_ids, options=options)}


@router.get("/documents/", response=list[DocumentOut], operation_id="list_documents", summary="List documents")
@needs_scope(DOCUMENTS_READ)
async def list_documents(
    request: HttpRequest, collection_id: UUID | None = None, limit: Limit = 50, offset: Offset = 0
) -> list[Document]:
    """The documents that the actor may read, newest first."""
    return await in_database(_documents, actor_of(request), collection_id, limit, offset)


@router.get("/passages/{chunk_id}/", response=PassageOut, operation_id="get_passage", summary="Open a citation")
@needs_scope(DOCUMENTS_READ)
async def get_passage(request: HttpRequest, chunk_id: int) -> Passage:
    """A passage between its neighbours."""
    return await in_database(get_passage_of, actor_of(request), chunk_id)


def _documents(actor: Actor, collection_id: UUID | None, limit: int, offset: int) -> list[Document]:
    documents = access_documents(actor).defer("text")
    if collection_id is not None:
        documents = documents.filter(collection=collection_id)
    return list(documents[offset : offset + limit])
