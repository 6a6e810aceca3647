"""What goes over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from ninja import Schema
from pydantic import Field, StringConstraints

from rag.search.hybrid import LONGEST_QUERY
from rag.use_cases.search import DEFAULT_LIMIT


class CollectionOut(Schema):
    """A collection."""

    id: UUID
    name: str
    description: str
    language: str
    embedding_model: str
    created_at: datetime


class DocumentOut(Schema):
    """A document, without its text."""

    id: UUID
    collection_id: UUID
    title: str
    source: str
    media_type: str
    size: int
    metadata: dict[str, Any]
    status: str
    error: str
    version: int
    chunk_count: int
    created_at: datetime
    updated_at: datetime


class SearchIn(Schema):
    """A search. Without ``collection_ids``, in all collections that the actor may read."""

    query: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_QUERY)]
    collection_ids: Annotated[list[UUID], Field(max_length=100)] | None = None
    limit: Annotated[int, Field(ge=1, le=50)] = DEFAULT_LIMIT


class HitOut(Schema):
    """A passage that was found, with its rank by words and by meaning, counted from 1."""

    chunk_id: int
    document_id: UUID
    collection_id: UUID
    title: str
    heading: str
    page: int | None
    text: str
    score: float
    lexical_rank: int | None
    vector_rank: int | None


class SearchOut(Schema):
    """The passages, best first."""

    hits: list[HitOut]


class PassageOut(Schema):
    """A passage with the text around it."""

    id: int
    document_id: UUID
    title: str
    heading: str
    page: int | None
    text: str
    before: str
    after: str
