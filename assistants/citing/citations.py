"""Citations as an answer's message keeps them: which passage, where it stands, and what it says. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import Any

from langchain_core.documents import Document

from assistants.citing.markers import Marker, find_markers
from assistants.citing.numbering import NumberedPassages
from assistants.citing.quotes import claim_before, quote_for

Json = dict[str, Any]


def citations_of(text: str, passages: NumberedPassages) -> list[Json]:
    """The cited passages in order of first mention, each with the places of its markers in ``text``."""
    mentions: dict[int, list[Marker]] = {}
    for marker in find_markers(text, passages):
        for number in marker.numbers:
            mentions.setdefault(number, []).append(marker)
    return [_citation(passages[number], text, markers) for number, markers in mentions.items()]


def citations_in_object(found: Any, passages: NumberedPassages) -> list[Json]:
    """The passages that the texts within an object cite. Their markers have no places: the message is JSON."""
    claims: dict[int, list[str]] = {}
    for text in _texts(found):
        for marker in find_markers(text, passages):
            for number in marker.numbers:
                claims.setdefault(number, []).append(claim_before(text, marker.start))
    return [{**_cited(passages[number], said), "markers": []} for number, said in claims.items()]


def _texts(found: Any) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, Mapping):
        for each in found.values():
            yield from _texts(each)
    elif isinstance(found, list | tuple):
        for each in found:
            yield from _texts(each)


def _citation(document: Document, text: str, markers: Iterable[Marker]) -> Json:
    claims = [claim_before(text, marker.start) for marker in markers]
    return {**_cited(document, claims), "markers": [_span(marker.start, marker.end) for marker in markers]}


def _cited(document: Document, claims: Iterable[str]) -> Json:
    text, facts = document.page_content, passage_as_json(document)
    # A passage out of the middle of a table begins with the names of its columns, which stand elsewhere.
    own = min(max(whole(document.metadata.get("text_from")) or 0, 0), len(text))
    start, end = quote_for(text, claims, own)
    place = None if facts["start"] is None else _span(facts["start"] + start - own, facts["start"] + end - own)
    return {**facts, "quote": text[start:end], "quote_in_passage": _span(start, end), "quote_in_document": place}


def _span(start: int, end: int) -> Json:
    return {"start": start, "end": end}


def passage_as_json(document: Document) -> Json:
    """Where a passage stands: any retriever's metadata, brought into one shape. What does not fit is None.

    ``start`` and ``end`` are in the text of the document's ``version``, in characters.
    """
    facts = document.metadata
    chunk_id = _key(facts.get("chunk_id"))
    return {
        "number": facts.get("number"),
        "document_id": _text(facts.get("document_id")) or None,
        "version": whole(facts.get("version")),
        "chunk_id": chunk_id,
        "chunk_ids": _keys(facts.get("chunk_ids")) or ([] if chunk_id is None else [chunk_id]),
        "title": _text(facts.get("title")),
        "heading": _text(facts.get("heading")),
        "page": whole(facts.get("page")),
        "start": whole(facts.get("start")),
        "end": whole(facts.get("end")),
        "score": _number(facts.get("score")),
    }


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _key(value: Any) -> int | str | None:
    return value if value is None or type(value) in (int, str) else str(value)


def _keys(values: Any) -> list[int | str]:
    keys = map(_key, values) if isinstance(values, list | tuple) else ()
    return [key for key in keys if key is not None]


def whole(value: Any) -> int | None:
    """A whole number, whatever a retriever's metadata has; None where it is none."""
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if isfinite(number) else None  # JSON has no NaN
