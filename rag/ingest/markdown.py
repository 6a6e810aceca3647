"""The headings and tables of a Markdown text. The marks stay in the text: it is what people cite.

After CommonMark 0.31, sections 4.2 (ATX headings), 4.3 (setext headings) and 4.5 (fenced code blocks);
tables after GitHub Flavored Markdown 0.29, section 4.10.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.ingest.parsed import Heading, ParsedDocument, Table

_ATX = re.compile(r" {0,3}(?P<marks>#{1,6})(?=[ \t]|$)")
_SETEXT = re.compile(r" {0,3}(?P<mark>=+|-{2,})[ \t]*$")
_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})(?P<info>.*)$")
_NOT_A_PARAGRAPH = re.compile(r"\s*$|\s{4}| {0,3}(?:[-*+>|]|\d+[.)]\s)")
_FRONT_MATTER = re.compile(r"---\n(?:.*\n){0,100}?---(?:\n|$)")
_RULE = re.compile(r" {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?$")
_LONGEST_RULE = 10_000  # characters
_LONGEST_TITLE = 500  # characters
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")


def parse_markdown(text: str, fallback_title: str, *, front_matter: bool = True) -> ParsedDocument:
    """Markdown with its headings and tables; the first heading is the title. Front matter is for machines, and goes."""
    if front_matter and (found := _FRONT_MATTER.match(text)):
        text = text[found.end() :]
    headings = tuple(_headings(text))
    title = headings[0].title if headings else fallback_title
    return ParsedDocument(title=title, text=text, headings=headings, tables=tuple(_tables(text)))


def _tables(text: str) -> Iterator[Table]:
    """A line of names, a rule below it, and the lines that follow until one without a bar."""
    before, before_start = "", 0
    header: tuple[int, int] | None = None  # where the table starts, and where its header ends
    rows, end = list[int](), 0
    for line, start in _lines_outside_code(text):
        adjoins = end + 1 == start
        if header and adjoins and "|" in line:
            rows.append(start)
            end = start + len(line)
            continue
        if header:
            yield Table(header[0], end, header[1], tuple(rows))
            header, rows = None, []
        is_rule = "|" in line and len(line) < _LONGEST_RULE and _RULE.match(line.rstrip())
        if is_rule and "|" in before and before_start + len(before) + 1 == start:
            end = start + len(line)
            header = before_start, min(end + 1, len(text))
        before, before_start = line, start
    if header:
        yield Table(header[0], end, header[1], tuple(rows))


def _headings(text: str) -> Iterator[Heading]:
    before, before_start, paragraph_open = "", 0, False
    for line, start in _lines_outside_code(text):
        end = start + len(line)
        adjoins = bool(before) and before_start + len(before) + 1 == start
        if match := _ATX.match(line):
            if title := plain_title(_without_closing_marks(line[match.end() :])):
                yield Heading(len(match["marks"]), title, start, end)
            before, paragraph_open = "", False
            continue
        # A heading of several lines is rare, and a rule below a paragraph is not: only single lines count.
        if adjoins and not paragraph_open and (match := _SETEXT.match(line)):
            yield Heading(1 if match["mark"][0] == "=" else 2, plain_title(before), before_start, end)
            before, paragraph_open = "", False
            continue
        paragraph_open = bool(line.strip()) and (adjoins or paragraph_open)
        before, before_start = ("" if _NOT_A_PARAGRAPH.match(line) else line), start


def _without_closing_marks(title: str) -> str:
    """``## Title ##`` may be closed, too; ``# C#`` is not."""
    title = title.strip(" \t")
    shorter = title.rstrip("#")
    return shorter if not shorter or shorter.endswith((" ", "\t")) else title


def _lines_outside_code(text: str) -> Iterator[tuple[str, int]]:
    """Each line and its offset, fenced code left out: a ``#`` is a comment there."""
    fence, start = "", 0
    for line in text.split("\n"):
        match = _FENCE.match(line)
        if fence:
            if match and match["fence"].startswith(fence) and not match["info"].strip():
                fence = ""
        elif match and not (match["fence"][0] == "`" and "`" in match["info"]):
            fence = match["fence"]
        else:
            yield line, start
        start += len(line) + 1


def plain_title(title: str) -> str:
    """A heading as words: links give their text, emphasis and code marks go."""
    return _LINK.sub(r"\1", title[:_LONGEST_TITLE]).replace("`", "").replace("*", "").strip()
