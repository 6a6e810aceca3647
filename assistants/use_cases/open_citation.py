"""Open a citation: who may view the conversation may read what it cites, and no more of the document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from assistants.access import message_for
from assistants.callers import Caller
from rag.use_cases.get_cited_passage import Place, get_cited_passage
from tenants.actors import Actor
from tenants.errors import NotFound


class CitationNotFound(NotFound):
    """There is no such citation, or its document was removed or replaced since."""

    code = "citation_not_found"


@dataclass(frozen=True, slots=True)
class OpenedCitation:
    """A cited passage. ``quote`` is where the quote stands in ``text``, or None where it does not."""

    number: int
    document_id: UUID
    title: str
    heading: str
    page: int | None
    text: str
    before: str
    after: str
    quote: dict[str, int] | None


def open_citation(who: Actor | Caller, thread_id: Any, message_id: Any, number: int) -> OpenedCitation:
    """The passage that the message cites as ``number``.

    Raises ``ThreadNotFound``, ``MessageNotFound`` or ``CitationNotFound``.
    """
    caller = Caller.of(who)
    message = message_for(caller, thread_id, message_id)
    citation = next((each for each in message.citations if each.get("number") == number), None)
    place = _place(citation) if citation else None
    if citation is None or place is None:
        raise CitationNotFound
    try:
        passage = get_cited_passage(caller.actor, place)
    except NotFound:
        raise CitationNotFound from None
    quote = _quote(citation, place)
    if quote is not None and passage.text[quote["start"] : quote["end"]] != citation.get("quote"):
        raise CitationNotFound  # read anew, the same version has got another text
    return OpenedCitation(
        number=number,
        document_id=passage.document_id,
        title=citation["title"],
        heading=citation["heading"],
        page=citation["page"],
        text=passage.text,
        before=passage.before,
        after=passage.after,
        quote=quote,
    )


def _place(citation: Mapping[str, Any]) -> Place | None:
    """Where the passage stands; None for one of a project's own retriever, whose documents are not here."""
    version, start, end = (citation.get(name) for name in ("version", "start", "end"))
    if version is None or start is None or end is None or not 0 <= start < end:
        return None
    try:
        return Place(UUID(citation["document_id"]), version, start, end)
    except (TypeError, ValueError):
        return None


def _quote(citation: Mapping[str, Any], place: Place) -> dict[str, int] | None:
    where = citation.get("quote_in_document")
    if not where or not place.start <= where["start"] < where["end"] <= place.end:
        return None
    return {"start": where["start"] - place.start, "end": where["end"] - place.start}
