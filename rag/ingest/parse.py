"""Bytes to text with headings, tables and pages, whatever kind of file they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

from rag.exceptions import DocumentTooLong, EmptyDocument, UnsupportedType
from rag.ingest.csv_text import parse_csv
from rag.ingest.encodings import decode
from rag.ingest.html import parse_html
from rag.ingest.json_text import parse_json
from rag.ingest.kinds import (
    CSV,
    DOCX,
    EPUB,
    HTML,
    JSON,
    MARKDOWN,
    MEDIA_TYPES,
    PDF,
    PLAIN,
    PPTX,
    XLSX,
    media_type_of,
    readable,
)
from rag.ingest.markdown import parse_markdown
from rag.ingest.office import parse_office
from rag.ingest.parsed import LONGEST_TEXT, ParsedDocument


def read(content: bytes, name: str = "", told: str = "") -> ParsedDocument:
    """The text of a document, of the kind that its bytes are. ``told`` is what was said about its media type.

    Raises ``EmptyDocument`` where there is none, and the other subclasses of ``UnreadableDocument``.
    """
    if not content.strip(b" \t\r\n\x00"):
        raise EmptyDocument
    media_type = media_type_of(content, name, told)
    parsed = parse(content, media_type, name)
    if not parsed.text.strip():
        raise EmptyDocument
    if len(parsed.text) > LONGEST_TEXT:
        raise DocumentTooLong
    return parsed.of_type(media_type)


def parse(content: bytes, media_type: str, name: str = "") -> ParsedDocument:
    """The text of a document with its title, headings, tables and pages.

    ``name`` (a file name or path) is the title of a document that names none itself. Raises ``UnsupportedType`` for a
    media type without a parser, and the other subclasses of ``UnreadableDocument``.
    """
    title = title_from(name)
    if media_type in _OFFICE:
        return parse_office(content, media_type, title)
    parser = _PARSERS.get(media_type)
    if parser is None:
        raise UnsupportedType(f"Documents of the type {media_type} cannot be read. {readable()}")
    return parser(decode(content), title)


def title_from(name: str) -> str:
    """A title made of a file name: its last part without the extension."""
    path = PurePosixPath(name)
    return path.stem if path.suffix.lower() in MEDIA_TYPES else path.name


def _parse_plain(text: str, fallback_title: str) -> ParsedDocument:
    """Plain text has no headings; without a name, its first line is the title."""
    first_line = next((line.strip() for line in text[:100_000].splitlines() if line.strip()), "")
    return ParsedDocument(title=fallback_title or first_line[:200], text=text)


_OFFICE = frozenset({PDF, DOCX, XLSX, PPTX, EPUB})
_PARSERS: dict[str, Callable[[str, str], ParsedDocument]] = {
    MARKDOWN: parse_markdown,
    PLAIN: _parse_plain,
    HTML: parse_html,
    CSV: parse_csv,
    JSON: parse_json,
}
