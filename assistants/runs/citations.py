"""Which passages an answer cites, from the [n] markers in its text. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
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
    facts = document.metadata
    quote = document.page_content.strip()
    return {
        "number": number,
        "document_id": facts.get("document_id"),
        "chunk_id": facts.get("chunk_id"),
        "title": facts.get("title", ""),
        "heading": facts.get("heading", ""),
        "page": facts.get("page"),
        "score": facts.get("score"),
        "quote": quote if len(quote) <= LONGEST_QUOTE else quote[: LONGEST_QUOTE - 1].rstrip() + "…",
    }
