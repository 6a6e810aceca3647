"""What every parser hands to the splitter, whatever the file was."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: ``level`` 1 is the outermost; ``text[start:end]`` of the document is its line or lines."""

    level: int
    title: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document as plain text. All offsets count characters of ``text``.

    ``headings`` are in the order of the text. ``pages`` holds the offset at which each page starts; it is
    empty for formats without pages.
    """

    title: str
    text: str
    headings: tuple[Heading, ...] = ()
    pages: tuple[int, ...] = ()

    def page_at(self, offset: int) -> int | None:
        """The page, counted from 1, that the character at ``offset`` is on; None without pages."""
        if not self.pages:
            return None
        return max(1, bisect_right(self.pages, offset))
