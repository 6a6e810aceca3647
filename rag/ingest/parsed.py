"""What every parser hands to the splitter, whatever the file was."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

LONGEST_TEXT = 10_000_000  # characters of one document


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: ``level`` 1 is the outermost; ``text[start:end]`` of the document is its line or lines."""

    level: int
    title: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table: ``text[start:end]``, of which ``text[start:header_end]`` names the columns; empty if nothing does.

    ``rows`` holds the offset at which each row below the header starts; a row reaches to the next one.
    """

    start: int
    end: int
    header_end: int
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document as plain text. All offsets count characters of ``text``.

    ``headings`` and ``tables`` are in the order of the text. ``pages`` holds the offset at which each page starts; it
    is empty for formats without pages. ``media_type`` is what the bytes turned out to be.
    """

    title: str
    text: str
    headings: tuple[Heading, ...] = ()
    pages: tuple[int, ...] = ()
    tables: tuple[Table, ...] = ()
    media_type: str = ""

    def page_at(self, offset: int) -> int | None:
        """The page, counted from 1, that the character at ``offset`` is on; None without pages."""
        if not self.pages:
            return None
        return max(1, bisect_right(self.pages, offset))

    def tables_between(self, start: int, end: int) -> Iterator[Table]:
        """The tables that lie wholly in ``text[start:end]``."""
        first = bisect_left(self.tables, start, key=lambda table: table.start)
        for table in self.tables[first:]:
            if table.start >= end:
                return
            if table.end <= end:
                yield table

    def of_type(self, media_type: str) -> ParsedDocument:
        """The same, with its media type."""
        return replace(self, media_type=media_type)
