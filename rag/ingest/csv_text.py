"""Comma-separated values as a table in Markdown: one row a line, so that a passage can hold whole rows.

After RFC 4180, and its relatives with semicolons, tabs and bars.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from rag.exceptions import DamagedDocument, DocumentTooLong
from rag.ingest.parsed import LONGEST_TEXT, ParsedDocument, Table

_DELIMITERS = ",;\t|"
_LOOKED_AT = 20  # lines, for the delimiter
_MOST_COLUMNS = 1_000


def parse_csv(text: str, fallback_title: str) -> ParsedDocument:
    """A table whose first row names the columns. Raises ``DamagedDocument`` where quotes do not end."""
    csv.field_size_limit(LONGEST_TEXT)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=False)
    try:
        return table_document(reader, fallback_title)
    except csv.Error as error:
        raise DamagedDocument(f"This file is no table that can be read: {error}.") from error


def table_document(rows: Iterable[Sequence[str]], title: str) -> ParsedDocument:
    """A document that is one table. The first row names the columns. Raises ``DocumentTooLong``."""
    lines, starts, length = list[str](), list[int](), 0
    for row in _filled(rows):
        line = markdown_row(row)
        if not lines:
            line += "\n|" + " --- |" * len(row)
        lines.append(line)
        starts.append(length)
        length += len(line) + 1
        if length > LONGEST_TEXT:
            raise DocumentTooLong
    text = "\n".join(lines)
    if not lines:
        return ParsedDocument(title=title, text="")
    table = Table(0, len(text), min(len(text), len(lines[0]) + 1), tuple(starts[1:]))
    return ParsedDocument(title=title, text=text, tables=(table,))


def markdown_row(cells: Iterable[str]) -> str:
    """A row of a Markdown table, on one line."""
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def _filled(rows: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
    """The rows that hold anything."""
    for row in rows:
        if len(row) > _MOST_COLUMNS:
            raise DamagedDocument(f"A row of this table has more than {_MOST_COLUMNS:,} columns.")
        if any(cell.strip() for cell in row):
            yield row


def _delimiter(text: str) -> str:
    """The one that parts most of the first lines into the same number of cells, more than one."""
    lines = [line for line in text[:100_000].split("\n", _LOOKED_AT)[:_LOOKED_AT] if line.strip()]

    def agreement(delimiter: str) -> tuple[int, int]:
        counts = [line.count(delimiter) for line in lines]
        usual = max(set(counts), key=counts.count, default=0)
        return (counts.count(usual) if usual else 0, usual)

    return max(_DELIMITERS, key=agreement)
