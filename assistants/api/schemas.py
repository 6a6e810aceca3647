"""What the API takes and gives."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from django.db.models import IntegerField, UUIDField
from ninja import Schema
from pydantic import BaseModel, ConfigDict, Field

from assistants import models


def _type_of_keys() -> Any:
    """What this project's keys are in JSON. A client then knows more than "text or number"."""
    key = models.Thread._meta.pk
    if isinstance(key, UUIDField):  # first: an automatic UUID is also an AutoField, and that an IntegerField
        return UUID
    return int if isinstance(key, IntegerField) else str


if TYPE_CHECKING:
    Key = UUID | int | str
else:
    Key = _type_of_keys()


class Sent(BaseModel):
    """Base of what the API sends: a field with a default is sent, too, and the document says so.

    Not a ninja ``Schema``: that looks at each object in Python before pydantic does, which takes eight times as long.
    """

    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)


class Assistant(Sent):
    """An assistant that the caller may use."""

    id: str
    name: str
    description: str = Field("", description="What it is good for, in a sentence.")
    starter_questions: list[str] = Field(default_factory=list, description="Questions to begin with.")


class Thread(Sent):
    """A conversation."""

    id: Key
    name: str
    assistant_id: str = Field(description="The assistant that it belongs to; empty: any may answer in it.")
    created_at: datetime
    updated_at: datetime


class ThreadIn(Schema):
    """A thread's name and assistant. What a PATCH leaves out stays as it is."""

    # Without a default in the document: some makers of clients take a field that has one for a field that must be sent.
    name: str = Field(
        default_factory=str, description="At most 255 characters. Empty: the first message names the thread."
    )
    assistant_id: str | None = None


class ThreadMessageTypeEnum(StrEnum):
    """LangChain's message types."""

    HUMAN = "human"
    AI = "ai"
    GENERIC = "generic"
    SYSTEM = "system"
    FUNCTION = "function"
    TOOL = "tool"


class Span(Sent):
    """A place in a text, in characters (code points)."""

    start: int
    end: int = Field(description="The first character after it.")


class Citation(Sent):
    """A passage that an answer rests on; ``number`` is the marker [n] in the text."""

    number: int
    document_id: str | None
    version: int | None = Field(None, description="The version of the document that was read.")
    chunk_id: int | str | None = Field(description="The chunk that was found.")
    chunk_ids: list[int | str] = Field(default_factory=list, description="All chunks that the passage is made of.")
    title: str
    heading: str = Field(description="The headings above it, such as `Money > Refunds`.")
    page: int | None
    start: int | None = Field(None, description="Where the passage stands in the text of the document's version.")
    end: int | None = Field(None, description="The first character after it.")
    score: float | None
    quote: str = Field(description="What of the passage comes nearest to what the answer says, letter by letter.")
    quote_in_passage: Span | None = None
    quote_in_document: Span | None = None
    markers: list[Span] = Field(default_factory=list, description="Where it is cited in the message's `content`.")


class OpenedCitation(Sent):
    """A cited passage, and for those who may read its document what stands around it."""

    number: int
    document_id: UUID
    title: str
    heading: str
    page: int | None
    text: str = Field(description="The passage as the model was given it, without the names of a table's columns.")
    before: str = Field(description="What stands before it; empty for those who may not read the document.")
    after: str = Field(description="What stands after it; empty for those who may not read the document.")
    quote: Span | None = Field(description="Where the citation's quote stands in `text`.")


class Feedback(Sent):
    """What whoever asked says of an answer."""

    thumb: Literal["up", "down"]
    text: str


class ThreadMessage(Sent):
    """A message of a thread."""

    id: str
    type: ThreadMessageTypeEnum
    content: str
    created_at: datetime
    run_id: Key | None = None
    citations: list[Citation] = Field(default_factory=list)
    grounded: bool | None = Field(
        None,
        description="Of an assistant that asks for grounded answers: whether passages or a tool stand behind this one."
        " `false`: nothing does, and the text says so. `null`: it was not asked for.",
    )
    partial: bool = Field(False, description="True for what was said before an answer was cut short.")
    variant: int = Field(1, description="Which of the answers to its question this is, from 1.")
    variants: int = Field(1, description="How many answers its question has; one of them is shown.")
    feedback: Feedback | None = None


class ThreadMessageIn(Schema):
    """A message to an assistant."""

    assistant_id: str
    content: str


class FieldError(Schema):
    """What is wrong with one field of a request."""

    field: str
    message: str


class Problem(Schema):
    """What every refusal looks like (RFC 9457). ``code`` is stable: programs go by it, people by ``detail``."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldError] | None = None
    run_id: Key | None = Field(None, description="The run that failed, or that is in the way.")
