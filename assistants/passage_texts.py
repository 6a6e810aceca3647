"""The texts of passages that a receipt names: a receipt holds where each stands and its hash, and no content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.db.models.functions import Substr

from rag.models import Chunk, Document


def text_of_passage(passage: Mapping[str, Any]) -> str | None:
    """What the model was given, or None where the document says something else by now, or is gone.

    A passage is a chunk, or a piece of the document that joins several; inside a table, the names of its columns come
    first. At most three short queries.
    """
    digest = passage.get("sha256")
    for text in _texts(passage):
        if hashlib.sha256(text.encode(errors="replace")).hexdigest() == digest:
            return text
    return None


def _texts(passage: Mapping[str, Any]) -> Iterator[str]:
    chunk_id, place = passage.get("chunk_id"), (passage.get("start"), passage.get("end"))
    if not isinstance(chunk_id, int):
        return  # another retriever's than ours
    chunk = Chunk.objects.filter(pk=chunk_id).only("text", "table_header", "document_id").first()
    if chunk is None:
        return
    yield from _with_columns(chunk.text, chunk.table_header)
    start, end = place
    if isinstance(start, int) and isinstance(end, int) and 0 <= start < end:
        yield from _joined(chunk.document_id, start, end)


def _joined(document_id: UUID, start: int, end: int) -> Iterator[str]:
    piece = Substr("text", start + 1, end - start)
    text = Document.objects.filter(pk=document_id).values_list(piece, flat=True).first()
    if not text:
        return
    within = Chunk.objects.filter(document=document_id, start_offset__gte=start, end_offset__lte=end)
    headers = {"", *within.order_by().values_list("table_header", flat=True).distinct()}
    for header in sorted(headers):
        yield from _with_columns(text, header)


def _with_columns(text: str, table_header: str) -> Iterator[str]:
    yield f"{table_header}\n{text}" if table_header else text
