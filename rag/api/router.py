"""Collections, documents, passages and search, for who is signed in."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router

from rag.api.collections import router as collections
from rag.api.documents import router as documents
from rag.api.schemas import PassageOut, SearchIn, SearchOut
from rag.search.hits import Hit
from rag.use_cases.get_passage import Passage
from rag.use_cases.get_passage import get_passage as get_passage_of
from rag.use_cases.search import Options, asearch
from tenants.api.auth import actor_of
from tenants.api.scopes import needs_scope
from tenants.database import in_database
from tenants.scopes import DOCUMENTS_READ

router = Router(tags=["knowledge"])
router.add_router("", collections)
router.add_router("", documents)


@router.post(
    "/collections/search/", response=SearchOut, operation_id="search_collections", summary="Search collections"
)
@needs_scope(DOCUMENTS_READ)
async def search_collections(request: HttpRequest, body: SearchIn) -> dict[str, list[Hit]]:
    """The best passages by words and by meaning. Nothing is found where neither comes near."""
    told = body.dict(include={"limit", "filter", "mode", "min_score", "join"})
    options = Options(**told, marks=True)
    return {"hits": await asearch(actor_of(request), body.query, body.collection_ids, options=options)}


@router.get("/passages/{chunk_id}/", response=PassageOut, operation_id="get_passage", summary="Open a citation")
@needs_scope(DOCUMENTS_READ)
async def get_passage(request: HttpRequest, chunk_id: int) -> Passage:
    """A passage between its neighbours."""
    return await in_database(get_passage_of, actor_of(request), chunk_id)
