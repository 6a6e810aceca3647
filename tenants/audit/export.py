"""The audit log as a table or as JSON lines, however long it is: read in batches, and never held as a whole."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal

from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from tenants.database import in_database
from tenants.models import AuditEntry

Format = Literal["csv", "jsonl"]
BATCH = 500  # entries that are in memory at a time
COLUMNS = (
    *("id", "created_at", "actor_kind", "actor_id", "actor", "via", "address", "request_id"),
    *("action", "target_kind", "target_id", "target", "before", "after"),
)
_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
_RISKY = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would take such a text for a formula


def exported(entries: QuerySet[AuditEntry], how: Format) -> StreamingHttpResponse:
    """A download of the entries, newest first: those that are there when it begins."""
    response = StreamingHttpResponse(_parts(entries, how), content_type=_TYPES[how])
    response["Content-Disposition"] = f'attachment; filename="audit-log.{how}"'
    response["Cache-Control"] = "no-store"
    return response


def as_json(entry: AuditEntry) -> dict[str, Any]:
    """An entry's columns by name; its moment in ISO 8601."""
    return {name: getattr(entry, name) for name in COLUMNS} | {"created_at": entry.created_at.isoformat()}


async def _parts(entries: QuerySet[AuditEntry], how: Format) -> AsyncIterator[bytes]:
    if how == "csv":
        yield _csv([COLUMNS])
    last: int | None = None
    while batch := await in_database(_batch, entries, last):
        yield _csv([_row(entry) for entry in batch]) if how == "csv" else _lines(batch)
        last = batch[-1].pk


def _batch(entries: QuerySet[AuditEntry], last: int | None) -> list[AuditEntry]:
    rest = entries.order_by("-id") if last is None else entries.order_by("-id").filter(id__lt=last)
    return list(rest[:BATCH])


def _lines(batch: list[AuditEntry]) -> bytes:
    return "".join(f"{json.dumps(as_json(entry), ensure_ascii=False)}\n" for entry in batch).encode()


def _row(entry: AuditEntry) -> list[Any]:
    return [_cell(value) for value in as_json(entry).values()]


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return f"'{value}" if isinstance(value, str) and value.startswith(_RISKY) else value


def _csv(rows: Sequence[Sequence[Any]]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()
