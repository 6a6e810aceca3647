"""Tables for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import HttpResponse

_RISKY = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would take such a text for a formula


def csv_response(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], filename: str) -> HttpResponse:
    """The rows as a file to be kept, the columns' names first. What looks like a formula gets a quote in front."""
    written = io.StringIO()
    table = csv.DictWriter(written, columns)
    table.writeheader()
    for row in rows:
        table.writerow({name: _harmless(row[name]) for name in columns})
    response = HttpResponse(written.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_RISKY) else value
