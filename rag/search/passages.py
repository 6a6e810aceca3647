"""From ranked chunks to passages that are worth reading: duplicates dropped, neighbours joined.

What is joined is read from the document's text, so that nothing is said twice where chunks overlap, and begins with a
whole word, or with a whole row where it begins inside a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from rag.search.hits import Hit
from tenants.prepared import prepared_rows

NEARLY_ALL = 0.95  # share of words in common from which two texts without other numbers say the same
MOST_JOINED = 4  # chunks of one passage: a prompt has no room for a whole document
LOOK_BACK = 500  # characters before a passage, in which the beginning of its first word or row is looked for

_WORD = re.compile(r"\w+")
_TEXTS = """
SELECT given.place, substr(document.text, greatest(given.first - %(look_back)s, 0) + 1,
                           least(given.first, %(look_back)s)),
       substr(document.text, given.first + 1, given.last - given.first)
FROM unnest(%(documents)s::uuid[], %(starts)s::int[], %(ends)s::int[]) WITH ORDINALITY
    AS given (id, first, last, place)
JOIN rag_document AS document ON document.id = given.id
"""


def without_duplicates(hits: Iterable[Hit]) -> Iterator[Hit]:
    """The hits without those that say nearly the same as a better one, each when it is asked for.

    Texts that differ in a number do not say the same: last year's price is no duplicate of this year's.
    """
    kept: list[frozenset[str]] = []
    for hit in hits:
        words = frozenset(_WORD.findall(hit.text.casefold()))
        if not any(_say_the_same(words, others) for others in kept):
            kept.append(words)
            yield hit


def _say_the_same(words: frozenset[str], others: frozenset[str]) -> bool:
    if min(len(words), len(others)) < NEARLY_ALL * max(len(words), len(others)):
        return False
    shared = len(words & others)
    if shared < NEARLY_ALL * (len(words) + len(others) - shared):
        return False
    apart = words ^ others
    return not any(character.isdigit() for word in apart for character in word)


def joined_with_neighbours(hits: Iterable[Hit], limit: int) -> list[Hit]:
    """At most ``limit`` passages in the order of their best chunks, each of up to ``MOST_JOINED`` chunks that follow on
    one another below the same heading. Hits behind those that are needed are not looked at."""
    groups: list[list[Hit]] = []
    for hit in hits:
        beside = next((group for group in groups if _continues(group, hit)), None)
        if beside is not None:
            beside.append(hit)
        elif len(groups) < limit:
            groups.append([hit])
        else:
            break
    return [hit for passages in _joined(groups) for hit in passages][:limit]


def _continues(group: Sequence[Hit], hit: Hit) -> bool:
    first = group[0]
    if (first.document_id, first.heading) != (hit.document_id, hit.heading) or len(group) == MOST_JOINED:
        return False
    places = [each.ordinal for each in group]
    return hit.ordinal in (min(places) - 1, max(places) + 1)


def _joined(groups: Sequence[list[Hit]]) -> list[list[Hit]]:
    """Each group as one passage; as it was where the document's text is not what the chunks were made of."""
    several = [sorted(group, key=lambda hit: hit.ordinal) for group in groups if len(group) > 1]
    if not several:
        return list(groups)
    parameters = {
        "documents": [group[0].document_id for group in several],
        "starts": [group[0].start_offset for group in several],
        "ends": [group[-1].end_offset for group in several],
        "look_back": LOOK_BACK,
    }
    texts = {
        several[place - 1][0].chunk_id: (before, text) for place, before, text in prepared_rows(_TEXTS, parameters)
    }
    return [_passage(group, texts) for group in groups]


def _passage(group: list[Hit], texts: dict[int, tuple[str, str]]) -> list[Hit]:
    in_order = sorted(group, key=lambda hit: hit.ordinal)
    first, last = in_order[0], in_order[-1]
    before, text = texts.get(first.chunk_id, ("", ""))
    if len(group) == 1 or not (text.startswith(first.text) and text.endswith(last.text)):
        return group
    missing = begun_before(before, text)
    return [
        replace(
            group[0],
            text=missing + text,
            start_offset=first.start_offset - len(missing),
            end_offset=last.end_offset,
            page=first.page,
            table_header=first.table_header,
            chunk_ids=tuple(hit.chunk_id for hit in in_order),
        )
    ]


def begun_before(before: str, text: str) -> str:
    """The end of ``before`` that belongs to the first row of a table in ``text``, or else to its first word."""
    line = before.rpartition("\n")[2]
    row = line + text.partition("\n")[0]
    if line and ("\t" in row or row.count("|") > 1):
        return line
    if not text[:1].isalnum():
        return ""
    return line[len(line.rstrip(_word_characters(line))) :]


def _word_characters(line: str) -> str:
    return "".join({character for character in line if character.isalnum()}) or "\n"
