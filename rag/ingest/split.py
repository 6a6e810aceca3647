"""A document to chunks: by its headings, tables, paragraphs and lists first, then by length, with a little overlap.

Lengths are in tokens, estimated from the bytes: a model's own tokeniser is a download, and the splitter needs
an even size, not an exact one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from langchain_text_splitters import RecursiveCharacterTextSplitter

from rag.ingest.parsed import Heading, ParsedDocument
from rag.ingest.split_table import Piece, table_pieces

TARGET_TOKENS = 220
OVERLAP_TOKENS = 40
BYTES_PER_TOKEN = 4  # of English text in the usual byte-pair vocabularies
HEADING_SEPARATOR = " > "

# Paragraphs, lines, sentences, words, and characters where there is nothing else to cut at.
_SEPARATORS = ["\n\n", "\n", ". ", "? ", "! ", "。", "！", "？", " ", ""]  # noqa: RUF001  (Chinese and Japanese)
_SENTENCE_START = re.compile(r"(?:[.?!]\s+|\n)(?=\S)")
_WORD_START = re.compile(r"\s(?=\S)")
# Where nothing parts the characters (a picture in base64), the splitter would look at each of them many times.
_UNBROKEN = re.compile(r"[^\s。！？]{5000,}")  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class ChunkDraft:
    """A piece of a document. ``text`` is ``document.text[start:end]``; ``heading`` is its path, "A > B".

    ``table_header`` names the columns of the table that the piece is out of the middle of.
    """

    ordinal: int
    text: str
    heading: str
    page: int | None
    start: int
    end: int
    token_count: int
    table_header: str = ""


def estimate_tokens(text: str) -> int:
    """About how many tokens a language model will count in ``text``."""
    return math.ceil(_bytes_in(text) / BYTES_PER_TOKEN)


def split(
    document: ParsedDocument, target_tokens: int = TARGET_TOKENS, overlap_tokens: int = OVERLAP_TOKENS
) -> list[ChunkDraft]:
    """The chunks of a document, in its order. A chunk is ``target_tokens`` long at most, its overlap aside.

    A chunk never reaches over a heading, and never begins inside a table's row, unless that row alone is far longer
    than a chunk. A document without text has no chunks.
    """
    chunks: list[ChunkDraft] = []
    for heading, start, end in _sections(document):
        for piece in _pieces(document, start, end, target_tokens, overlap_tokens):
            text = document.text[piece.start : piece.end]
            chunks.append(
                ChunkDraft(
                    ordinal=len(chunks),
                    text=text,
                    heading=heading,
                    page=document.page_at(piece.start),
                    start=piece.start,
                    end=piece.end,
                    token_count=estimate_tokens(text),
                    table_header=piece.header,
                )
            )
    return chunks


def _sections(document: ParsedDocument) -> Iterator[tuple[str, int, int]]:
    """Each stretch of text below one heading: heading path, start, end.

    A heading with nothing below it but deeper headings is in their paths already. One with nothing below it
    at all is a section of its own line, so that its words can be found.
    """
    text, path = document.text, list[Heading]()
    first = document.headings[0].start if document.headings else len(text)
    if text[:first].strip():
        yield "", 0, first
    followers = [*document.headings[1:], None]
    for heading, following in zip(document.headings, followers, strict=False):
        path = [*(above for above in path if above.level < heading.level), heading]
        end = following.start if following else len(text)
        label = HEADING_SEPARATOR.join(step.title for step in path)
        if text[heading.end : end].strip():
            yield label, heading.end, end
        elif following is None or following.level <= heading.level:
            yield label, heading.start, end


def _pieces(document: ParsedDocument, start: int, end: int, target: int, overlap: int) -> Iterator[Piece]:
    """The pieces of one section: tables by rows, what is between them by length; a short table with its neighbours."""
    most, kept = target * BYTES_PER_TOKEN, None
    for piece in _raw_pieces(document, start, end, target, overlap):
        joined = kept and kept.joined_with(piece)
        if joined and _bytes_in(document.text[joined.start : joined.end]) <= most:
            kept = joined
            continue
        if kept:
            yield kept
        kept = piece
    if kept:
        yield kept


def _raw_pieces(document: ParsedDocument, start: int, end: int, target: int, overlap: int) -> Iterator[Piece]:
    text, place, most = document.text, start, target * BYTES_PER_TOKEN
    for table in document.tables_between(start, end):
        yield from _prose(text, place, table.start, target, overlap)
        for piece in table_pieces(text, table, most):
            if piece.end - piece.start > 2 * most:  # a row like a page: of such a one there must be fragments
                long_row = _prose(text, piece.start, piece.end, target, overlap)
                yield from (Piece(each.start, each.end, piece.header, is_table=True) for each in long_row)
            else:
                yield piece
        place = table.end
    yield from _prose(text, place, end, target, overlap)


def _prose(text: str, start: int, end: int, target: int, overlap: int) -> Iterator[Piece]:
    """Text by length. The splitter is asked for no overlap and to keep all white space: its pieces then join to the
    text again, and the offsets are exact. The overlap is added by moving a chunk's start back.
    """
    floor = None
    for piece_start, piece_end in _by_length(text, start, end, target):
        piece = text[piece_start:piece_end]
        if not piece.strip():
            continue
        chunk_start = piece_start + len(piece) - len(piece.lstrip())
        chunk_end = piece_end - (len(piece) - len(piece.rstrip()))
        if floor is None:
            floor = chunk_start
            yield Piece(chunk_start, chunk_end)
        else:
            yield Piece(_overlapping_start(text, floor, chunk_start, overlap), chunk_end)
            floor = chunk_start


def _by_length(text: str, start: int, end: int, target: int) -> Iterator[tuple[int, int]]:
    """Offsets that follow each other without a gap."""
    place = start
    for unbroken in _UNBROKEN.finditer(text, start, end):
        yield from _split_text(text, place, unbroken.start(), target)
        step = target * BYTES_PER_TOKEN // (1 if unbroken[0].isascii() else 4)
        for cut in range(unbroken.start(), unbroken.end(), step):
            yield cut, min(cut + step, unbroken.end())
        place = unbroken.end()
    yield from _split_text(text, place, end, target)


def _split_text(text: str, start: int, end: int, target: int) -> Iterator[tuple[int, int]]:
    place = start
    for piece in _splitter(target).split_text(text[start:end]) if start < end else ():
        yield place, place + len(piece)
        place += len(piece)


def _overlapping_start(text: str, floor: int, start: int, overlap: int) -> int:
    """Where a chunk and its overlap begin: at the start of a sentence or word after ``floor``."""
    earliest = max(floor + 1, start - overlap * BYTES_PER_TOKEN)
    before = text[earliest:start]
    match = _SENTENCE_START.search(before) or _WORD_START.search(before)
    return earliest + match.end() if match else start


@cache
def _splitter(target_tokens: int) -> RecursiveCharacterTextSplitter:
    return RecursiveCharacterTextSplitter(
        separators=_SEPARATORS,
        keep_separator="end",
        strip_whitespace=False,
        chunk_size=target_tokens * BYTES_PER_TOKEN,
        chunk_overlap=0,
        length_function=_bytes_in,
    )


def _bytes_in(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", errors="replace"))
