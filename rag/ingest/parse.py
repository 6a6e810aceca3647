"""Bytes to text with headings, by media type. Markdown, plain text and HTML."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath

from rag.exceptions import UnreadableDocument
from rag.ingest.html import parse_html
from rag.ingest.markdown import parse_markdown
from rag.ingest.parsed import ParsedDocument

MARKDOWN, PLAIN, HTML = "text/markdown", "text/plain", "text/html"

MEDIA_TYPES = {
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".txt": PLAIN,
    ".text": PLAIN,
    ".html": HTML,
    ".htm": HTML,
}

# PostgreSQL's text cannot hold NUL, and UTF-8 cannot hold half of a surrogate pair.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def media_type_of(name: str) -> str:
    """The media type that a file name stands for; plain text when the name tells nothing.

    Raises ``UnreadableDocument`` for a file name extension that no parser reads.
    """
    extension = PurePosixPath(name).suffix.lower()
    if extension and extension not in MEDIA_TYPES:
        raise UnreadableDocument(f"Files of the kind {extension} cannot be read. {_readable()}")
    return MEDIA_TYPES.get(extension, PLAIN)


def parse(content: bytes, media_type: str, name: str = "") -> ParsedDocument:
    """The text of a document with its title and headings.

    ``name`` (a file name or path) is the title of a document that names none itself. An empty document has an
    empty text. Raises ``UnreadableDocument`` for a media type without a parser.
    """
    parser = _PARSERS.get(media_type)
    if parser is None:
        raise UnreadableDocument(f"Documents of the type {media_type} cannot be read. {_readable()}")
    return parser(decode(content), title_from(name))


def decode(content: bytes) -> str:
    """The text in ``content``: UTF-8, UTF-16 with its mark, or else Windows-1252, as old files are.

    Line ends become newlines; characters that PostgreSQL cannot store are dropped.
    """
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    return clean(text)


def clean(text: str) -> str:
    """``text`` with newlines for all line ends and without what PostgreSQL cannot store."""
    return _UNSTORABLE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


def title_from(name: str) -> str:
    """A title made of a file name: its last part without the extension."""
    path = PurePosixPath(name)
    return path.stem if path.suffix.lower() in MEDIA_TYPES else path.name


def _parse_plain(text: str, fallback_title: str) -> ParsedDocument:
    """Plain text has no headings; without a name, its first line is the title."""
    first_line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return ParsedDocument(title=fallback_title or first_line[:200], text=text)


def _readable() -> str:
    return f"Readable are {', '.join(sorted(MEDIA_TYPES))}."


_PARSERS: dict[str, Callable[[str, str], ParsedDocument]] = {
    MARKDOWN: parse_markdown,
    PLAIN: _parse_plain,
    HTML: parse_html,
}
