"""The readable text of an HTML page, with its headings and tables. Scripts, styles and the like are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from rag.ingest.parsed import Heading, ParsedDocument, Table

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
# fmt: off
_BLOCKS = frozenset(_HEADINGS) | {
    "address", "article", "aside", "blockquote", "body", "dd", "details", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "header", "hr", "html", "li", "main", "nav", "ol", "p",
    "pre", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul",
}
# fmt: on
_INVISIBLE = frozenset({"head", "script", "style", "template", "noscript", "svg", "math", "iframe", "object"})
_LONGEST_TITLE = 500  # characters
_SPACE = re.compile(r"\s+")


def parse_html(text: str, fallback_title: str) -> ParsedDocument:
    """A page's text, blocks on lines of their own, cells parted by bars. Its first heading is the title."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    parsed = "".join(reader.parts).rstrip()
    first = reader.headings[0].title if reader.headings else ""
    return ParsedDocument(
        title=first or reader.title.strip() or fallback_title,
        text=parsed,
        headings=tuple(reader.headings),
        tables=tuple(reader.tables_within(len(parsed))),
    )


@dataclass
class _OpenTable:
    """A table that is being read. A table within it makes it a layout: its rows are no rows."""

    rows: list[int] = field(default_factory=list)
    first_is_header: bool = False
    is_layout: bool = False


class _Reader(HTMLParser):
    """Collects text in ``parts``; ``_length`` is the offset that the next part starts at."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.headings: list[Heading] = []
        self._tables: list[Table] = []
        self._open_tables: list[_OpenTable] = []
        self.title = ""
        self._length = 0
        self._last = "\n\n"  # the end of what was written: no blank line at the very start
        self._invisible: list[str] = []
        self._in_title = False
        self._preformatted = 0
        self._heading_start: tuple[int, int] | None = None  # offset in the text, index in the parts

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title":
            self._in_title = True
        elif tag in _INVISIBLE:
            self._invisible.append(tag)
        elif tag == "body":
            self._invisible.clear()  # a head that nobody closed ends here
        if self._invisible:
            return
        if tag in _BLOCKS:
            self._break(2 if tag == "p" or tag in _HEADINGS else 1)
        if tag in ("table", "tr", "th"):
            self._note_table(tag)
        if tag in _HEADINGS:
            self._heading_start = self._length, len(self.parts)
        elif tag == "pre":
            self._preformatted += 1
        elif tag == "br":
            self._write("\n")
        elif tag == "li":
            self._write("- ")
        elif tag in ("td", "th") and not self._last.endswith("\n"):
            self._write(" | ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        elif tag in self._invisible:
            while self._invisible.pop() != tag:
                pass
        if self._invisible:
            return
        if tag == "pre":
            self._preformatted = max(0, self._preformatted - 1)
        if tag in _HEADINGS and self._heading_start is not None:
            self._end_heading(_HEADINGS[tag], *self._heading_start)
        if tag in _BLOCKS:
            self._break(2 if tag == "p" or tag in _HEADINGS else 1)
        if tag == "table" and self._open_tables:
            self._end_table(self._open_tables.pop())

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title = _SPACE.sub(" ", self.title + data).lstrip()[:_LONGEST_TITLE]
        elif not self._invisible:
            self._write(data if self._preformatted else _SPACE.sub(" ", data))

    def tables_within(self, length: int) -> Iterator[Table]:
        """The tables, in the order of the text, as far as it reaches."""
        for table in sorted(self._tables, key=lambda table: table.start):
            if table.header_end < length and (table.rows or table.header_end > table.start):
                rows = tuple(row for row in table.rows if row < length)
                yield Table(table.start, min(table.end, length), table.header_end, rows)

    def _note_table(self, tag: str) -> None:
        if tag == "table":
            for outer in self._open_tables:
                outer.is_layout = True
            self._open_tables.append(_OpenTable())
        elif self._open_tables:
            table = self._open_tables[-1]
            if tag == "tr":
                table.rows.append(self._length)
            elif len(table.rows) == 1:
                table.first_is_header = True

    def _end_table(self, table: _OpenTable) -> None:
        rows = table.rows
        if table.is_layout or len(rows) < 2:
            return
        header_end = rows[1] if table.first_is_header else rows[0]
        self._tables.append(Table(rows[0], self._length, header_end, tuple(rows[table.first_is_header :])))

    def _end_heading(self, level: int, start: int, first_part: int) -> None:
        title = _SPACE.sub(" ", "".join(self.parts[first_part:])).strip()[:_LONGEST_TITLE]
        if title:
            self.headings.append(Heading(level, title, start, self._length))
        self._heading_start = None

    def _write(self, text: str) -> None:
        if self._last.endswith((" ", "\n")) and not self._preformatted:
            text = text.lstrip(" ")
        if text:
            self.parts.append(text)
            self._length += len(text)
            self._last = (self._last + text)[-2:]

    def _break(self, lines: int) -> None:
        missing = lines - (len(self._last) - len(self._last.rstrip("\n")))
        if missing > 0:
            self.parts.append("\n" * missing)
            self._length += missing
            self._last = (self._last + "\n" * missing)[-2:]
