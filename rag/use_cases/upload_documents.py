"""Take in the files of an upload, each on its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile

from rag.models import Document
from rag.use_cases.add_document import add_document
from rag.use_cases.change_document import check_metadata
from rag.use_cases.documents import check_may_add
from rag.use_cases.room import check_size
from tenants.actors import Actor
from tenants.errors import AtriumError, InvalidInput

MOST_FILES = 100  # of one upload


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A file that was not taken, and why."""

    name: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What became of the files. ``unchanged`` are those of ``documents`` that were there already, letter by letter."""

    documents: list[Document] = field(default_factory=list)
    unchanged: list[UUID] = field(default_factory=list)
    refused: list[RefusedFile] = field(default_factory=list)


def upload_documents(
    actor: Actor, collection_id: UUID, files: Sequence[UploadedFile], metadata: Mapping[str, Any]
) -> Uploaded:
    """Store each file and queue it; one that is refused does not hold up the others.

    Who may not write to the collection is told so once, and not of each file. Raises ``NotFound``, ``NotAllowed``;
    ``InvalidInput`` for too many files, or metadata that cannot be.
    """
    if len(files) > MOST_FILES:
        raise InvalidInput(f"At most {MOST_FILES} files at once.", field="files")
    checked = check_metadata(dict(metadata))
    check_may_add(actor, collection_id)
    uploaded = Uploaded()
    for file in files:
        try:
            document = _take(actor, collection_id, file, checked)
        except AtriumError as error:
            uploaded.refused.append(RefusedFile(str(file.name or ""), error.code, error.detail))
            continue
        uploaded.documents.append(document)
        if document.status == Document.Status.READY:  # what is new is queued
            uploaded.unchanged.append(document.pk)
    return uploaded


def _take(actor: Actor, collection_id: UUID, file: UploadedFile, metadata: dict[str, Any]) -> Document:
    check_size(file.size or 0)
    name, told = str(file.name or ""), file.content_type or ""
    return add_document(actor, collection_id, file.read(), source=name, media_type=told, metadata=metadata)
