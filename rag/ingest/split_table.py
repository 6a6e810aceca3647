"""A table to pieces of whole rows, each of which knows what the columns are called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from rag.ingest.parsed import Table

_LONGEST_HEADER = 2_000  # characters that are repeated with each piece


@dataclass(frozen=True, slots=True)
class Piece:
    """``text[start:end]``. ``header`` names the columns where the piece does not contain them itself."""

    start: int
    end: int
    header: str = ""
    is_table: bool = False

    def joined_with(self, following: Piece) -> Piece | None:
        """Both as one, if one of them is a table whose rows need no header from elsewhere; else None."""
        if not (self.is_table or following.is_table) or self.header or following.header:
            return None
        return Piece(self.start, following.end, is_table=self.is_table and following.is_table)


def table_pieces(text: str, table: Table, most: int) -> Iterator[Piece]:
    """As many whole rows as fit into ``most`` bytes, and one at least. The first piece has the header in it."""
    header = text[table.start : table.header_end].strip()[:_LONGEST_HEADER]
    room = most - len(header.encode("utf-8", errors="replace"))
    starts = [table.start, *table.rows] if table.header_end > table.start else list(table.rows)
    piece_start, is_first = table.start, True
    for row_start, row_end in pairwise([*starts, table.end]):
        fits = len(text[piece_start:row_end].encode("utf-8", errors="replace")) <= (most if is_first else room)
        has_row = row_start > (table.header_end if is_first else piece_start)  # never the header alone
        if not fits and has_row:
            yield from _piece(text, piece_start, row_start, "" if is_first else header)
            piece_start, is_first = row_start, False
    yield from _piece(text, piece_start, table.end, "" if is_first else header)


def _piece(text: str, start: int, end: int, header: str) -> Iterator[Piece]:
    said = text[start:end]
    if said.strip():
        yield Piece(start + len(said) - len(said.lstrip()), end - (len(said) - len(said.rstrip())), header, True)
