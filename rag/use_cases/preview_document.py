"""A document's text as it was split: where each passage begins and ends, and what two of them share."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

from django.db.models import F, Func, IntegerField, TextField, Value
from django.db.models.functions import Substr

from rag.access import access_documents
from rag.models import Chunk
from tenants.actors import Actor
from tenants.errors import NotFound

PASSAGES_A_PAGE = 25
LONGEST_TEXT = 400_000  # characters of a page: 25 of the longest passages have about half as many


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the text that belongs to the same passages: none, one, or several that overlap.

    ``begins`` are the passages that begin with it; ``numbers`` count passages from 1.
    """

    text: str
    numbers: tuple[int, ...]
    begins: tuple[Chunk, ...] = ()

    @property
    def is_shared(self) -> bool:
        """True where passages overlap."""
        return len(self.numbers) > 1


@dataclass(frozen=True, slots=True)
class Preview:
    """Some passages of a document in its text. ``page`` counts from 1; ``first`` and ``last`` are passages' numbers."""

    pieces: Sequence[Piece]
    first: int
    last: int
    passages: int
    page: int
    pages: int

    @property
    def previous(self) -> int:
        """A passage of the page before this one."""
        return self.first - 1

    @property
    def next(self) -> int:
        """A passage of the page after this one."""
        return self.last + 1


def preview_document(actor: Actor, document_id: UUID, passage: int = 1) -> Preview:
    """The page of the preview on which the passage of this number is, counted from 1. Raises ``NotFound``."""
    documents = access_documents(actor).filter(pk=document_id)
    length = Func(F("text"), function="length", output_field=IntegerField())
    facts = documents.values_list("chunk_count", length).first()
    if facts is None:
        raise NotFound("There is no such document.")
    count, length_of_text = facts
    pages = max(1, -(-count // PASSAGES_A_PAGE))
    page = min(max(1, -(-passage // PASSAGES_A_PAGE)), pages)
    first = (page - 1) * PASSAGES_A_PAGE
    around = Chunk.objects.filter(
        document=document_id, ordinal__gte=first - 1, ordinal__lte=first + PASSAGES_A_PAGE
    ).defer("text")
    chunks = list(around.order_by("ordinal"))
    start, end = bounds(chunks, first, page == pages, length_of_text)
    part = Substr("text", Value(start + 1), Value(max(0, end - start)), output_field=TextField())
    text = documents.values_list(part, flat=True).first() or ""
    shown = [chunk for chunk in chunks if first <= chunk.ordinal < first + PASSAGES_A_PAGE]
    cut = pieces(text, start, chunks, {chunk.ordinal for chunk in shown})
    return Preview(cut, first + 1, first + len(shown), count, page, pages)


def passage_at(actor: Actor, document_id: UUID, version: int, at: int) -> int | None:
    """The number of the passage that has the document's character ``at``, counted from 1; where two of them share it,
    of the later one. None where another version answers by now. Raises ``NotFound``."""
    answers = access_documents(actor).filter(pk=document_id).values_list("indexed_version", flat=True).first()
    if answers is None:
        raise NotFound("There is no such document.")
    before = Chunk.objects.filter(document=document_id, start_offset__lte=at).order_by("-ordinal")
    ordinal = before.values_list("ordinal", flat=True).first()
    return None if answers != version else (ordinal or 0) + 1


def bounds(chunks: Sequence[Chunk], first: int, is_last: bool, length: int) -> tuple[int, int]:
    """Where the text of a page begins and ends: what lies between passages belongs to the one that follows, and what
    is behind the last one to that."""
    before = [chunk for chunk in chunks if chunk.ordinal < first]
    shown = [chunk for chunk in chunks if first <= chunk.ordinal < first + PASSAGES_A_PAGE]
    if not shown:
        return 0, min(length, LONGEST_TEXT)
    start = min([shown[0].start_offset, *(chunk.end_offset for chunk in before)]) if before else 0
    end = length if is_last else max(chunk.end_offset for chunk in shown)
    return start, min(end, start + LONGEST_TEXT)


def pieces(text: str, offset: int, chunks: Sequence[Chunk], shown: Collection[int]) -> list[Piece]:
    """``text``, which begins at ``offset``, cut wherever a passage begins or ends. Only passages whose ordinal is in
    ``shown`` are said to begin: another page shows the others."""
    end = offset + len(text)
    cuts = {offset, end}
    for chunk in chunks:
        cuts |= {at for at in (chunk.start_offset, chunk.end_offset) if offset < at < end}
    places = sorted(cuts)
    found = []
    for start, stop in pairwise(places):
        covering = [chunk for chunk in chunks if chunk.start_offset <= start and chunk.end_offset >= stop]
        begins = tuple(chunk for chunk in covering if chunk.start_offset == start and chunk.ordinal in shown)
        numbers = tuple(chunk.ordinal + 1 for chunk in covering)
        found.append(Piece(text[start - offset : stop - offset], numbers, begins))
    return found
