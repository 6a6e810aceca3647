"""Which words of a passage the question has: as PostgreSQL's text search sees them, so by their stems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.search.hits import Hit
from rag.search.lexical import as_words
from tenants.prepared import prepared_rows

_OPEN, _CLOSE = "\x02", "\x03"
_READ_AS_BLANKS = {ord(character): " " for character in f"<>{_OPEN}{_CLOSE}"}  # a tag would be dropped from the text

_MARKED = f"""
SELECT given.place, ts_headline(
    index.language::regconfig, given.text,
    (SELECT string_agg(quote_literal(word.lexeme), ' | ')::tsquery
     FROM unnest(to_tsvector(index.language::regconfig, %(words)s)) AS word),
    'HighlightAll=true, StartSel={_OPEN}, StopSel={_CLOSE}'
)
FROM unnest(%(texts)s::text[], %(collections)s::uuid[]) WITH ORDINALITY AS given (text, collection_id, place)
JOIN rag_lexicalindex AS index ON index.collection_id = given.collection_id
"""  # noqa: S608  (put together from constants)


def with_marks(query: str, hits: Sequence[Hit]) -> list[Hit]:
    """The hits with the places of the question's words in their texts."""
    if not hits:
        return []
    parameters = {
        "words": as_words(query),
        "texts": [as_words(hit.text).translate(_READ_AS_BLANKS) for hit in hits],
        "collections": [hit.collection_id for hit in hits],
    }
    marked = {place: text or "" for place, text in prepared_rows(_MARKED, parameters)}
    return [replace(hit, marks=_places(marked.get(place, ""))) for place, hit in enumerate(hits, start=1)]


def _places(marked: str) -> tuple[tuple[int, int], ...]:
    """Offsets in the text without the signs that stand around its words."""
    places, position, start = list[tuple[int, int]](), 0, 0
    for character in marked:
        if character == _OPEN:
            start = position
        elif character == _CLOSE:
            places.append((start, position))
        else:
            position += 1
    return tuple(places)
