"""What goes over the wire."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from ninja import Schema
from pydantic import Field, StringConstraints

from rag.search.hybrid import DEFAULT_LIMIT, LONGEST_QUERY, Mode


class SearchIn(Schema):
    """A search. Without ``collection_ids``, in all collections that the actor may read.

    ``filter`` is over the documents' metadata: ``{"team": "sales", "year": {"gte": 2020}}``.
    """

    query: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_QUERY)]
    collection_ids: Annotated[list[UUID], Field(max_length=100)] | None = None
    limit: Annotated[int, Field(ge=1, le=50)] = DEFAULT_LIMIT
    filter: dict[str, Any] = Field(
        default_factory=dict,
        description="Keys of metadata with a value or operators: eq, ne, in, not_in, gt, gte, lt, lte, exists."
        " all, any and not combine filters.",
    )
    mode: Mode = Field("hybrid", description="By words and by meaning, or by one of them alone.")
    min_score: Annotated[float, Field(ge=0, le=1)] = Field(0.0, description="Passages with a lower score are left out.")
    join: bool = Field(True, description="Chunks that follow on one another become one passage.")


class HitOut(Schema):
    """A passage that was found, with its rank by words and by meaning, counted from 1.

    ``marks`` are the places in ``text`` of words that the question has, as pairs of start and end.
    """

    chunk_id: int
    chunk_ids: list[int]
    document_id: UUID
    collection_id: UUID
    collection_name: str
    title: str
    source: str
    heading: str
    table_header: str
    page: int | None
    text: str
    start_offset: int
    end_offset: int
    marks: list[tuple[int, int]]
    score: float
    lexical_rank: int | None
    lexical_score: float | None
    vector_rank: int | None
    similarity: float | None
    rerank_score: float | None


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
