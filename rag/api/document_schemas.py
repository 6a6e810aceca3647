"""What goes over the wire about collections and documents."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from ninja import Schema
from pydantic import Field

from rag.models.collection import (
    DEFAULT_CHUNK_TOKENS,
    DEFAULT_LANGUAGE,
    DEFAULT_OVERLAP_TOKENS,
    LONGEST_CHUNK,
    SHORTEST_CHUNK,
)
from rag.use_cases.documents import MOST_AT_ONCE

ChunkTokens = Annotated[
    int, Field(ge=SHORTEST_CHUNK, le=LONGEST_CHUNK, description="Tokens of a passage, at the most.")
]
OverlapTokens = Annotated[
    int, Field(ge=0, le=LONGEST_CHUNK // 2, description="Tokens that a passage repeats of the one before it.")
]


class CollectionOut(Schema):
    """A collection."""

    id: UUID
    name: str
    description: str
    language: str
    embedding_model: str
    chunk_tokens: int
    overlap_tokens: int
    created_at: datetime


class CollectionDetailOut(CollectionOut):
    """A collection, with how many of its documents have each status."""

    documents: Mapping[str, int]


class ReprocessedOut(Schema):
    """How many documents are taken in anew."""

    documents: int


class CollectionIn(Schema):
    """A new collection. Language and embedding model are chosen once."""

    name: str = Field(min_length=1, max_length=200)
    description: str = Field("", max_length=10_000)
    language: str = Field(DEFAULT_LANGUAGE, max_length=63)
    embedding_model: str = Field("", max_length=200, description="Empty: the deployment's own.")
    chunk_tokens: ChunkTokens = DEFAULT_CHUNK_TOKENS
    overlap_tokens: OverlapTokens = DEFAULT_OVERLAP_TOKENS


class EmbeddingModelIn(Schema):
    """The embedding model that a collection is to have."""

    model: str = Field(min_length=1, max_length=200)


class EmbeddingModelOut(Schema):
    """The model by whose vectors a collection answers, and how far a change to another one is."""

    model: str
    next_model: str = Field(description="Empty: no change is under way.")
    done: int = Field(description="Passages that have a vector by the next model, during a change; else 0.")
    passages: int = Field(description="All passages of the collection, during a change; else 0.")


class CollectionChanges(Schema):
    """What changes; the rest stays. How documents are split holds for those that are read from now on."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    description: Annotated[str, Field(max_length=10_000)] | None = None
    chunk_tokens: ChunkTokens | None = None
    overlap_tokens: OverlapTokens | None = None


class DocumentOut(Schema):
    """A document, without its text. `error` and `error_code` say why it failed."""

    id: UUID
    collection_id: UUID
    title: str
    source: str
    origin: str
    media_type: str
    size: int
    sha256: str
    metadata: dict[str, Any]
    status: str
    error: str
    error_code: str
    version: int
    indexed_version: int
    page_count: int
    chunk_count: int
    created_at: datetime
    updated_at: datetime


class DocumentIn(Schema):
    """A text, or the address of a page or file. Of the same source, it is a new version."""

    text: str | None = Field(None, description="The text itself. Markdown headings become the passages' headings.")
    url: str | None = Field(None, max_length=2000, description="Where it is to be fetched from, instead of a text.")
    title: str = Field("", max_length=500)
    source: str = Field("", max_length=1000, description="A name of your own for the text, such as a path.")
    media_type: str = Field("text/markdown", max_length=200, description="Of the text.")
    metadata: dict[str, Any] = Field(default_factory=dict)


class DocumentChanges(Schema):
    """What changes; the rest stays. With another title the document is read anew."""

    title: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    metadata: dict[str, Any] | None = None


class RefusedFileOut(Schema):
    """A file that was not taken, and why."""

    name: str
    code: str
    detail: str


class UploadOut(Schema):
    """What became of the files of an upload. `unchanged` are those of `documents` that were there, letter by letter."""

    documents: list[DocumentOut]
    unchanged: list[UUID]
    refused: list[RefusedFileOut]


class DocumentIds(Schema):
    """Which documents."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST_AT_ONCE)]


class RefusedDocumentOut(Schema):
    """A document that it was not done to, and why."""

    id: UUID
    code: str
    detail: str


class BulkOut(Schema):
    """To how many documents it was done, and to which not."""

    done: int
    refused: list[RefusedDocumentOut]


class ChunkOut(Schema):
    """A passage: characters `start_offset` to `end_offset` of the document's text."""

    id: int
    ordinal: int
    heading: str
    table_header: str
    page: int | None
    text: str
    start_offset: int
    end_offset: int
    token_count: int
