# ruff: noqa: RUF001  (the full stops of other scripts end sentences, too)
"""Which sentences of a passage best support what an answer says: by the words that both have. Pure.

A rare word counts for more than one that every sentence of the passage has, and a number most of all. This finds the
place to look at; it does not tell whether the passage says so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

LONGEST_QUOTE = 300
"""Characters of a passage that travel with a citation."""

Span = tuple[int, int]
"""Where something begins, and the first character after it."""

_END = re.compile(
    r"(?<![.!?…])[.!?…]++[\"'”’)\]]*+(?=\s|$)"
    r"|[。！？][」』”’）]?"
    r"|\n(?=[ \t]*+(?:\n|[-*+#>]|\d{1,9}[.)]\s|[^\n|\t]{0,200}+[|\t]))"  # blank lines, items, rows
)
_WORD = re.compile(r"[^\W_]+")
_WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")  # written without blanks between words
_STEM = 6  # characters: endings of words differ
_SHORT = 3
_FEW = 6  # words: fewer name something and state nothing
_LOOK_BACK = 2_000  # characters in which the beginning of a sentence is looked for
_LITTLE, _MUCH = 0.2, 2.0


def quote_for(passage: str, claims: Iterable[str], start: int = 0) -> Span:
    """Where the sentence or sentences stand that ``claims`` rest on: ``passage[a:b]``, at most ``LONGEST_QUOTE`` long.

    ``start`` is where the passage's own text begins: before it stands the head of a table. Where no word is shared
    (the answer may be in another language), it is the beginning.
    """
    sentences = sentence_spans(passage, start)
    if not sentences:
        return start, start
    asked = Counter(word for claim in claims for word in set(_words(claim)))
    held = [set(_words(passage[a:b])) for a, b in sentences]
    common = Counter(word for words in held for word in words)
    scores = [_score(words, asked, common) for words in held]
    best = max(range(len(sentences)), key=lambda place: scores[place])
    if not scores[best]:
        return _cut(passage, (sentences[0][0], sentences[-1][1]), ())
    return _cut(passage, _with_neighbour(sentences, scores, best), held[best] & asked.keys())


def sentence_spans(text: str, start: int = 0) -> list[Span]:
    """The sentences, rows and items of a text from ``start`` on, without the blanks around them."""
    spans, begin = list[Span](), start
    for end in (*(found.end() for found in _END.finditer(text, start)), len(text)):
        piece = text[begin:end]
        if stripped := piece.strip():
            first = begin + piece.index(stripped)
            spans.append((first, first + len(stripped)))
        begin = end
    return spans


def claim_before(text: str, start: int) -> str:
    """The sentence that a marker at ``start`` stands in or behind; behind a few words (the name of the source, say)
    with what was said before them in the paragraph."""
    before = text[max(0, start - _LOOK_BACK) : start].rstrip()
    while before.endswith("]"):  # other markers
        opening = before.rfind("[")
        if opening < 0:
            break
        before = before[:opening].rstrip()
    line = before[before.rfind("\n\n") + 1 :]
    begins = [0, *(found.end() for found in _END.finditer(line))]
    whole = (line[begin:] for begin in reversed(begins))
    return next((claim.strip() for claim in whole if len(_WORD.findall(claim)) >= _FEW), line.strip())


def _words(text: str) -> Iterable[str]:
    for word in _WORD.findall(text.casefold()):
        if _WIDE.search(word) and len(word) > 1:
            yield from (word[place : place + 2] for place in range(len(word) - 1))
        else:
            yield word[:_STEM] if word.isalpha() else word


def _score(words: set[str], asked: Counter[str], common: Counter[str]) -> float:
    shared = sum(_weight(word) * asked[word] / common[word] for word in words if word in asked)
    return shared / (len(words) + 10) ** 0.5 if shared else 0.0  # long sentences share words by their length


def _weight(word: str) -> float:
    if any(character.isdigit() for character in word):
        return _MUCH
    return _LITTLE if len(word) <= _SHORT and word.isascii() else 1.0


def _with_neighbour(sentences: Sequence[Span], scores: Sequence[float], best: int) -> Span:
    """The best sentence, and the better one beside it where that is good, too, and there is room."""
    start, end = sentences[best]
    beside = [place for place in (best - 1, best + 1) if 0 <= place < len(sentences)]
    for place in sorted(beside, key=lambda place: -scores[place])[:1]:
        first, last = min(start, sentences[place][0]), max(end, sentences[place][1])
        if scores[place] > scores[best] / 2 and last - first <= LONGEST_QUOTE:
            return first, last
    return start, end


def _cut(text: str, span: Span, words: Iterable[str]) -> Span:
    """The span, or of a long one so much as may travel, around the first of the words."""
    start, end = span
    if end - start <= LONGEST_QUOTE:
        return span
    lowered = text.lower()  # of some letters longer than the text: then it is cut elsewhere
    places = [place for word in words if (place := lowered.find(word, start, end)) >= 0]
    first = max(start, min([*places, end - LONGEST_QUOTE]) - LONGEST_QUOTE // 4) if places else start
    if first > start:
        blank = text.find(" ", first, first + 40)
        first = blank + 1 if blank >= 0 else first
    last = min(end, first + LONGEST_QUOTE)
    if last < end:
        blank = text.rfind(" ", first, last)
        last = blank if blank > first else last
    return first, last
