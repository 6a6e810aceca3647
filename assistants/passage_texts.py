"""The texts of passages that a receipt names: a receipt holds where each stands and its hash, and no content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models.functions import Substr

from rag.access import access_collections
from rag.models import Chunk, Document
from tenants.actors import Actor


def texts_of_passages(passages: Sequence[Mapping[str, Any]], reader: Actor) -> list[str | None]:
    """What the model was given, passage by passage; None where the document says something else by now, or is gone, and
    where ``reader`` may not read it.

    A passage is a chunk, or a piece of the document that joins several; inside a table, the names of its columns come
    first. One query, and two for each passage that is more than its chunk.
    """
    keys = [each["chunk_id"] for each in passages if isinstance(each.get("chunk_id"), int)]
    readable = Chunk.objects.filter(collection__in=access_collections(reader))
    chunks = readable.only("text", "table_header", "document_id").in_bulk(keys)
    return [_text_of(each, chunks.get(each.get("chunk_id"))) for each in passages]


def _text_of(passage: Mapping[str, Any], chunk: Chunk | None) -> str | None:
    if chunk is None:
        return None
    for text in _texts(passage, chunk):
        if hashlib.sha256(text.encode(errors="replace")).hexdigest() == passage.get("sha256"):
            return text
    return None


def _texts(passage: Mapping[str, Any], chunk: Chunk) -> Iterator[str]:
    yield from _with_columns(chunk.text, chunk.table_header)
    start, end = passage.get("start"), passage.get("end")
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
