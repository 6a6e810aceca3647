"""JSON as text for people: a list of alike objects is a table, anything else a line for each value with its path."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rag.exceptions import DamagedDocument, DocumentTooComplex, DocumentTooLong
from rag.ingest.csv_text import table_document
from rag.ingest.encodings import clean
from rag.ingest.parsed import LONGEST_TEXT, ParsedDocument

_MOST_COLUMNS = 60
_SCALARS = (str, int, float, bool, type(None))


def parse_json(text: str, fallback_title: str) -> ParsedDocument:
    """One value, or one value a line. Raises ``DamagedDocument``, ``DocumentTooComplex``, ``DocumentTooLong``."""
    try:
        value = _read(text)
        columns = _columns(value)
        if columns:
            rows = ([_shown(each.get(column, "")) for column in columns] for each in value)
            return table_document([[clean(column) for column in columns], *rows], fallback_title)
        lines, length = list[str](), 0
        for line in _lines(value, ""):
            lines.append(line)
            length += len(line) + 1
            if length > LONGEST_TEXT:
                raise DocumentTooLong
    except RecursionError as error:
        raise DocumentTooComplex("The values of this file are nested too deeply.") from error
    return ParsedDocument(title=fallback_title, text=clean("\n".join(lines)))


def _read(text: str) -> Any:
    if not text.strip():
        return None
    try:
        return _loads(text)
    except ValueError as error:
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) < 2 or lines[0].strip() in "[{":
            raise DamagedDocument(f"This file is no JSON: {error}.") from error
    try:
        return [_loads(line) for line in lines]
    except ValueError as error:
        raise DamagedDocument(f"This file is no JSON: {error}.") from error


def _loads(text: str) -> Any:
    """Numbers stay as they were written: 1.10 is a version, too."""
    return json.loads(text, parse_float=str, parse_int=str)


def _columns(value: Any) -> list[str]:
    """The names of the columns, if the value is a list of flat objects; else none."""
    if not isinstance(value, list) or len(value) < 2 or not all(isinstance(each, dict) for each in value):
        return []
    if not all(isinstance(cell, _SCALARS) for each in value for cell in each.values()):
        return []
    names = list(dict.fromkeys(name for each in value for name in each))
    return names if len(names) <= _MOST_COLUMNS else []


def _lines(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _lines(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for number, inner in enumerate(value, 1):
            yield from _lines(inner, f"{path}[{number}]")
    elif value not in (None, ""):
        yield f"{path}: {_shown(value)}" if path else _shown(value)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return ("yes" if value else "no") if isinstance(value, bool) else clean(str(value))
