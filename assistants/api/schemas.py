"""What the API takes and gives: the peer's shapes, and what is better."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from ninja import Schema
from pydantic import Field


class Assistant(Schema):
    """An assistant that the caller may use."""

    id: str
    name: str


class Thread(Schema):
    """A conversation."""

    id: UUID | int
    name: str
    assistant_id: str
    created_at: datetime
    updated_at: datetime


class ThreadIn(Schema):
    """A new thread. Without a name it takes one from its first message."""

    name: str = ""
    assistant_id: str | None = None


class ThreadMessageTypeEnum(StrEnum):
    """LangChain's message types."""

    HUMAN = "human"
    AI = "ai"
    GENERIC = "generic"
    SYSTEM = "system"
    FUNCTION = "function"
    TOOL = "tool"


class Citation(Schema):
    """A passage that an answer rests on; ``number`` is the marker [n] in the text."""

    number: int
    document_id: str | None
    chunk_id: int | str | None
    title: str
    heading: str
    page: int | None
    score: float | None
    quote: str


class ThreadMessage(Schema):
    """A message of a thread."""

    id: str
    type: ThreadMessageTypeEnum
    content: str
    created_at: datetime
    run_id: UUID | int | None = None
    citations: list[Citation] = Field(default_factory=list)
    partial: bool = False


class ThreadMessageIn(Schema):
    """A message to an assistant."""

    assistant_id: str
    content: str


class Problem(Schema):
    """What every refusal looks like (RFC 9457), with a stable ``code``."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[dict[str, Any]] | None = None
