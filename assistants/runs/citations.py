"""Which passages an answer cites, from the [n] markers in its text. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite
from typing import Any

from langchain_core.documents import Document

MARKER = re.compile(r"\[(\d{1,3})\]")
LONGEST_QUOTE = 300  # characters of the passage that travel with a citation


def citations_of(text: str, passages: Sequence[Document]) -> list[dict[str, Any]]:
    """The cited passages in order of first mention; markers that no passage has are left out."""
    by_number = {document.metadata["number"]: document for document in passages}
    mentioned = dict.fromkeys(int(number) for number in MARKER.findall(text))
    return [_citation(number, by_number[number]) for number in mentioned if number in by_number]


def _citation(number: int, document: Document) -> dict[str, Any]:
    quote = document.page_content.strip()
    short = quote if len(quote) <= LONGEST_QUOTE else quote[: LONGEST_QUOTE - 1].rstrip() + "…"
    return {**passage_as_json(document), "number": number, "quote": short}


def passage_as_json(document: Document) -> dict[str, Any]:
    """Where a passage stands: any retriever's metadata, brought into one shape. What does not fit is None."""
    facts = document.metadata
    return {
        "number": facts.get("number"),
        "document_id": _text(facts.get("document_id")) or None,
        "chunk_id": _key(facts.get("chunk_id")),
        "title": _text(facts.get("title")),
        "heading": _text(facts.get("heading")),
        "page": whole(facts.get("page")),
        "score": _number(facts.get("score")),
    }


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _key(value: Any) -> int | str | None:
    return value if value is None or type(value) in (int, str) else str(value)


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
