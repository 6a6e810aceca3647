"""Documents over HTTP: parse, call, return."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import File, Form, Query, Router
from ninja.files import UploadedFile
from ninja.responses import Status

from rag.api import document_schemas as schemas
from rag.api.pages import After, Limit, Offset
from rag.downloads import as_download
from rag.models import Chunk, Document
from rag.use_cases import documents, lists
from rag.use_cases.add_document import add_address, add_document, replace_document
from rag.use_cases.change_document import change_document, check_metadata, parse_metadata
from rag.use_cases.delete_document import delete_document as remove
from rag.use_cases.room import check_size
from rag.use_cases.upload_documents import upload_documents as upload
from tenants.actors import Actor
from tenants.api.auth import actor_of
from tenants.api.pages import LINK_HEADER, link_next_page
from tenants.api.scopes import needs_scope
from tenants.database import in_database
from tenants.errors import InvalidInput
from tenants.scopes import DOCUMENTS_READ, DOCUMENTS_WRITE

router = Router()
ONE, OF_COLLECTION = "/documents/{uuid:document_id}/", "/collections/{uuid:collection_id}/documents/"
Metadata = Annotated[str, Form(description="A JSON object, for all files of the upload.")]


@router.get(
    "/documents/",
    response=list[schemas.DocumentOut],
    operation_id="list_documents",
    summary="List documents",
    openapi_extra=LINK_HEADER,
)
@needs_scope(DOCUMENTS_READ)
async def list_documents(
    request: HttpRequest,
    response: HttpResponse,
    collection_id: UUID | None = None,
    status: Annotated[list[Document.Status] | None, Query(description="One or several of them.")] = None,
    metadata: Annotated[str, Query(description="A JSON object that must be part of a document's metadata.")] = "",
    text: Annotated[str, Query(max_length=200, description="Words of title or source, or how they begin.")] = "",
    limit: Limit = 50,
    after: After = None,
    offset: Offset = 0,
) -> list[Document]:
    """The documents that the actor may read, newest first."""
    wanted = lists.DocumentFilter(collection_id, [each.value for each in status or ()], parse_metadata(metadata), text)
    listed = await in_database(lists.list_documents, actor_of(request), wanted, limit, after, offset)
    link_next_page(request, response, listed)
    return listed.rows


@router.post(
    OF_COLLECTION, response={201: schemas.DocumentOut}, operation_id="add_document", summary="Add a text or an address"
)
@needs_scope(DOCUMENTS_WRITE)
async def add_text_or_address(request: HttpRequest, collection_id: UUID, payload: schemas.DocumentIn) -> Status:
    """Store it and queue it to be taken in. It answers questions as soon as its status is `ready`."""
    return Status(201, await in_database(_add, actor_of(request), collection_id, payload))


@router.post(
    "/collections/{uuid:collection_id}/files/",
    response={201: schemas.UploadOut},
    operation_id="upload_documents",
    summary="Upload files",
)
@needs_scope(DOCUMENTS_WRITE)
async def upload_documents(
    request: HttpRequest, collection_id: UUID, files: File[list[UploadedFile]], metadata: Metadata = ""
) -> Status:
    """Up to 100 files, each on its own: one that is refused does not hold up the others. A file of the same name is a
    new version."""
    uploaded = await in_database(upload, actor_of(request), collection_id, files, parse_metadata(metadata))
    return Status(201, uploaded)


@router.get(ONE, response=schemas.DocumentOut, operation_id="get_document", summary="Get a document")
@needs_scope(DOCUMENTS_READ)
async def get_document(request: HttpRequest, document_id: UUID) -> Document:
    """One document, without its text: how far it is, and why it failed."""
    return await in_database(lists.get_document, actor_of(request), document_id)


@router.patch(ONE, response=schemas.DocumentOut, operation_id="update_document", summary="Change a document")
@needs_scope(DOCUMENTS_WRITE)
async def update_document(request: HttpRequest, document_id: UUID, payload: schemas.DocumentChanges) -> Document:
    """Another title, or other metadata."""
    return await in_database(lambda: change_document(actor_of(request), document_id, **payload.dict()))


@router.delete(ONE, response={204: None}, operation_id="delete_document", summary="Delete a document")
@needs_scope(DOCUMENTS_WRITE)
async def delete_document(request: HttpRequest, document_id: UUID) -> Status:
    """Delete it with all that was made of it."""
    await in_database(remove, actor_of(request), document_id)
    return Status(204, None)


@router.post(
    ONE + "versions/",
    response={201: schemas.DocumentOut},
    operation_id="replace_document",
    summary="Replace a document",
)
@needs_scope(DOCUMENTS_WRITE)
async def replace(request: HttpRequest, document_id: UUID, file: File[UploadedFile]) -> Status:
    """A new version. The old one goes on answering until this one is ready."""
    return Status(201, await in_database(_replace, actor_of(request), document_id, file))


@router.post(
    ONE + "reprocess/",
    response={202: schemas.DocumentOut},
    operation_id="reprocess_document",
    summary="Take a document in anew",
)
@needs_scope(DOCUMENTS_WRITE)
async def reprocess_document(request: HttpRequest, document_id: UUID) -> Status:
    """Read, split and embed it anew, as its collection is set now. An address is fetched anew."""
    return Status(202, await in_database(documents.reprocess_document, actor_of(request), document_id))


@router.post(
    ONE + "cancel/", response=schemas.DocumentOut, operation_id="cancel_document", summary="Cancel taking it in"
)
@needs_scope(DOCUMENTS_WRITE)
async def cancel_document(request: HttpRequest, document_id: UUID) -> Document:
    """Do not take it in, also where that has begun. An older version goes on answering."""
    return await in_database(documents.cancel_document, actor_of(request), document_id)


@router.get(
    ONE + "chunks/", response=list[schemas.ChunkOut], operation_id="list_chunks", summary="See how it was split"
)
@needs_scope(DOCUMENTS_READ)
async def list_chunks(
    request: HttpRequest, document_id: UUID, limit: Limit = 50, offset: Offset = 0
) -> Sequence[Chunk]:
    """The passages of a document, in its order."""
    return await in_database(lists.list_chunks, actor_of(request), document_id, limit, offset)


@router.get(ONE + "original/", operation_id="download_document", summary="Download the original")
@needs_scope(DOCUMENTS_READ)
async def download_document(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """What was handed in last, byte for byte."""
    return as_download(await in_database(documents.get_original, actor_of(request), document_id))


@router.post("/documents/delete/", response=schemas.BulkOut, operation_id="delete_documents", summary="Delete several")
@needs_scope(DOCUMENTS_WRITE)
async def delete_documents(request: HttpRequest, payload: schemas.DocumentIds) -> dict[str, Any]:
    """Delete each of them; one that cannot be deleted does not keep the others."""
    refused = await in_database(documents.delete_documents, actor_of(request), payload.ids)
    return _bulk(payload, refused)


@router.post(
    "/documents/reprocess/",
    response=schemas.BulkOut,
    operation_id="reprocess_documents",
    summary="Take several in anew",
)
@needs_scope(DOCUMENTS_WRITE)
async def reprocess_documents(request: HttpRequest, payload: schemas.DocumentIds) -> dict[str, Any]:
    """Read, split and embed each of them anew."""
    refused = await in_database(documents.reprocess_documents, actor_of(request), payload.ids)
    return _bulk(payload, refused)


def _add(actor: Actor, collection_id: UUID, given: schemas.DocumentIn) -> Document:
    if (given.text is None) == (given.url is None):
        raise InvalidInput("Give either a text or a url.", field="text")
    metadata = check_metadata(given.metadata)
    if given.url is not None:
        return add_address(actor, collection_id, given.url, title=given.title, metadata=metadata)
    return add_document(
        actor,
        collection_id,
        given.text or "",
        source=given.source,
        title=given.title,
        media_type=given.media_type,
        metadata=metadata,
    )


def _replace(actor: Actor, document_id: UUID, file: UploadedFile) -> Document:
    check_size(file.size or 0)
    told = file.content_type or ""
    return replace_document(actor, document_id, file.read(), source=str(file.name or ""), media_type=told)


def _bulk(given: schemas.DocumentIds, refused: Sequence[documents.Refused]) -> dict[str, Any]:
    return {"done": len(set(given.ids)) - len(refused), "refused": refused}
