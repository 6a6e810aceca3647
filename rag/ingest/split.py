"""A document to chunks: by its headings first, then by length, with a little overlap.

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

TARGET_TOKENS = 220
OVERLAP_TOKENS = 40
BYTES_PER_TOKEN = 4  # of English text in the usual byte-pair vocabularies
HEADING_SEPARATOR = " > "

# Paragraphs, lines, sentences, words, and characters where there is nothing else to cut at.
_SEPARATORS = ["\n\n", "\n", ". ", "? ", "! ", " ", ""]
_SENTENCE_START = re.compile(r"(?:[.?!]\s+|\n)(?=\S)")
_WORD_START = re.compile(r"\s(?=\S)")


@dataclass(frozen=True, slots=True)
class ChunkDraft:
    """A piece of a document. ``text`` is ``document.text[start:end]``; ``heading`` is its path, "A > B"."""

    ordinal: int
    text: str
    heading: str
    page: int | None
    start: int
    end: int
    token_count: int


def estimate_tokens(text: str) -> int:
    """About how many tokens a language model will count in ``text``."""
    return math.ceil(_bytes_in(text) / BYTES_PER_TOKEN)


def split(
    document: ParsedDocument, target_tokens: int = TARGET_TOKENS, overlap_tokens: int = OVERLAP_TOKENS
) -> list[ChunkDraft]:
    """The chunks of a document, in its order. A chunk is ``target_tokens`` long at most, its overlap aside.

    A chunk never reaches over a heading. A document without text has no chunks.
    """
    chunks: list[ChunkDraft] = []
    for heading, start, end in _sections(document):
        for chunk_start, chunk_end in _pieces(document.text, start, end, target_tokens, overlap_tokens):
            text = document.text[chunk_start:chunk_end]
            chunks.append(
                ChunkDraft(
                    ordinal=len(chunks),
                    text=text,
                    heading=heading,
                    page=document.page_at(chunk_start),
                    start=chunk_start,
                    end=chunk_end,
                    token_count=estimate_tokens(text),
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


def _pieces(text: str, start: int, end: int, target: int, overlap: int) -> Iterator[tuple[int, int]]:
    """Offsets of the chunks of one section.

    The splitter is asked for no overlap and to keep all white space: its pieces then join to the section
    again, and the offsets are exact. The overlap is added by moving a chunk's start back.
    """
    position, floor = start, None
    for piece in _splitter(target).split_text(text[start:end]):
        piece_start, position = position, position + len(piece)
        if not piece.strip():
            continue
        chunk_start = piece_start + len(piece) - len(piece.lstrip())
        chunk_end = position - (len(piece) - len(piece.rstrip()))
        if floor is None:
            floor = chunk_start
            yield chunk_start, chunk_end
        else:
            yield _overlapping_start(text, floor, chunk_start, overlap), chunk_end
            floor = chunk_start


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
    return len(text.encode("utf-8", errors="replace"))
