"""Open a citation: a passage between its neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from rag.access import access_chunk
from rag.models import Chunk
from tenants.actors import Actor


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk with the text around it. ``before`` and ``after`` do not repeat what ``text`` has."""

    id: int
    document_id: UUID
    title: str
    heading: str
    page: int | None
    text: str
    before: str
    after: str


def get_passage(actor: Actor, chunk_id: int) -> Passage:
    """The chunk and its neighbours. Raises ``NotFound``.

    The neighbours are read from their own rows, not cut from the document's text: all were written together.
    """
    chunk = access_chunk(actor, chunk_id)
    places = (chunk.ordinal - 1, chunk.ordinal + 1)
    neighbours = {each.ordinal: each for each in Chunk.objects.filter(document=chunk.document_id, ordinal__in=places)}
    return Passage(
        id=chunk.pk,
        document_id=chunk.document_id,
        title=str(chunk.document),
        heading=chunk.heading,
        page=chunk.page,
        text=chunk.text,
        before=_before(chunk, neighbours.get(places[0])),
        after=_after(chunk, neighbours.get(places[1])),
    )


def _before(chunk: Chunk, previous: Chunk | None) -> str:
    return previous.text[: max(0, chunk.start_offset - previous.start_offset)].rstrip() if previous else ""


def _after(chunk: Chunk, following: Chunk | None) -> str:
    return following.text[max(0, chunk.end_offset - following.start_offset) :].lstrip() if following else ""
