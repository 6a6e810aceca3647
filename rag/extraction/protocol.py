"""What goes between the worker and the process that reads a document: JSON, never Python's own objects.

Whoever has taken over the reading process can send wrong text, and nothing that runs.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import orjson

from rag import exceptions
from rag.exceptions import DamagedDocument, UnreadableDocument
from rag.ingest.parsed import ParsedDocument
from rag.ingest.split import OVERLAP_TOKENS, TARGET_TOKENS, ChunkDraft

_LENGTHS = struct.Struct("!IQ")  # of the request's facts and of the document
HEAD_SIZE = _LENGTHS.size

_BY_CODE: dict[str, type[UnreadableDocument]] = {
    each.code: each
    for each in vars(exceptions).values()
    if isinstance(each, type) and issubclass(each, UnreadableDocument)
}


@dataclass(frozen=True, slots=True)
class Request:
    """A document and how it is to be read: ``name`` and ``told`` say what it might be, the tokens how it is split."""

    content: bytes
    name: str = ""
    told: str = ""
    target_tokens: int = TARGET_TOKENS
    overlap_tokens: int = OVERLAP_TOKENS


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of it. ``page_count`` is 0 for kinds without pages."""

    title: str
    text: str
    media_type: str
    page_count: int
    drafts: tuple[ChunkDraft, ...]


def pack_request(request: Request) -> bytes:
    """All but the document itself, which is sent behind it as it is."""
    facts = orjson.dumps([request.name, request.told, request.target_tokens, request.overlap_tokens])
    return _LENGTHS.pack(len(facts), len(request.content)) + facts


def lengths_of(head: bytes) -> tuple[int, int]:
    """How many bytes of facts and how many of the document follow."""
    facts, content = _LENGTHS.unpack(head)
    return facts, content


def unpack_request(facts: bytes, content: bytes) -> Request:
    """What ``pack_request`` has packed."""
    return Request(content, *orjson.loads(facts))


def pack_reading(parsed: ParsedDocument, drafts: list[ChunkDraft]) -> bytes:
    """A document that was read. Chunks are told by their offsets."""
    headings, of_heading = _numbered(draft.heading for draft in drafts)
    headers, of_header = _numbered(draft.table_header for draft in drafts)
    places = [
        (
            draft.start,
            draft.end,
            draft.page,
            of_heading[draft.heading],
            of_header[draft.table_header],
            draft.token_count,
        )
        for draft in drafts
    ]
    return orjson.dumps(
        {
            "title": parsed.title,
            "text": parsed.text,
            "media_type": parsed.media_type,
            "page_count": len(parsed.pages),
            "headings": headings,
            "headers": headers,
            "chunks": places,
        }
    )


def pack_refusal(error: UnreadableDocument) -> bytes:
    """A document that cannot be read."""
    return orjson.dumps({"code": error.code, "detail": error.detail})


def unpack_answer(answer: bytes) -> Reading:
    """What the process has read. Raises the ``UnreadableDocument`` that it has met."""
    try:
        told: Any = orjson.loads(answer)
        if "code" not in told:
            return _reading(told)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise DamagedDocument from error
    refusal = _BY_CODE.get(told["code"], UnreadableDocument)
    raise refusal(str(told.get("detail", "")))


def _reading(told: Any) -> Reading:
    text, headings, headers = str(told["text"]), told["headings"], told["headers"]
    drafts = tuple(
        ChunkDraft(
            ordinal=ordinal,
            text=text[start:end],
            heading=headings[heading],
            page=page,
            start=start,
            end=end,
            token_count=tokens,
            table_header=headers[header],
        )
        for ordinal, (start, end, page, heading, header, tokens) in enumerate(told["chunks"])
    )
    return Reading(str(told["title"]), text, str(told["media_type"]), int(told["page_count"]), drafts)


def _numbered(texts: Any) -> tuple[list[str], dict[str, int]]:
    """The different texts, and the place of each."""
    places: dict[str, int] = {}
    for text in texts:
        places.setdefault(text, len(places))
    return list(places), places
