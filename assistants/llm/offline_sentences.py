"""The sentences of a passage that can be quoted: prose and list items, no headings, tables or code."""

from __future__ import annotations

import re
from collections.abc import Iterator

_FENCE = re.compile(r"\s{0,3}(?:```+|~~~+)\s*(?P<info>[^`\s]*)")
_HEADING = re.compile(r"\s{0,3}#{1,6}(?:\s|$)")
_UNDERLINE = re.compile(r"\s{0,3}(?:=+|-+)\s*$")
_RULE = re.compile(r"\s{0,3}(?:[-*_]\s*){3,}$")
_TABLE_RULE = re.compile(r"\s*:?-{3,}:?\s*\|")
_MARKUP_ONLY = re.compile(r"\s*(?:<!--.*|.*-->|</?\w[^<>]*>)\s*$")
_LINK_DEFINITION = re.compile(r"\s{0,3}\[[^\]]+\]:\s*\S+")
_LIST_ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?(?=\S)")
_QUOTE_MARK = re.compile(r"^\s{0,3}(?:>\s?)+")
_INDENTED = re.compile(r"(?: {4}|\t)")

_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\[[^\]]*\])")
_FOOTNOTE = re.compile(r"\[\^[^\]]*\]")
_LOOKS_LIKE_CITATION = re.compile(r"\[\s*(\d+)\s*\]")
_BLANKS = re.compile(r"\s+")

_SENTENCE_END = re.compile(r"[.!?…]+[\"'\u201d\u2019)\]*_`]*\s+|[\u3002\uff01\uff1f]+\s*")
_LAST_WORD = re.compile(r"([^\W\d_](?:[\w.]*\w)?)\.$")
_SHORT_FORMS = "approx al ca cf co corp dr e.g eg eq etc fig i.e ie inc jr ltd mr mrs ms p pp prof sr st vs"
_ABBREVIATIONS = frozenset(_SHORT_FORMS.split())


def prose_sentences(markdown: str) -> list[str]:
    """The sentences of a Markdown (or plain) text, in their order, each on one line.

    Links become their text and images vanish, as a passage's relative links lead nowhere outside its
    document. A bracketed number becomes ``(1)``: in an answer ``[1]`` is a citation. Other inline markup
    stays.
    """
    blocks = [_plain(block) for block in _blocks(_without_code(markdown.splitlines()))]
    return [sentence for block in blocks for sentence in _split(block)]


def _without_code(lines: list[str]) -> list[str]:
    """Drop fenced code. A blank line stands for it, so that the text around it does not grow together.

    A passage may begin or end within a fence. An odd number of fences says so: the first one, if it is
    bare, then closes code that began in the passage before.
    """
    fences = [found for line in lines if (found := _FENCE.match(line))]
    in_code = len(fences) % 2 == 1 and not fences[0]["info"]
    kept = []
    for line in lines:
        if _FENCE.match(line):
            in_code = not in_code
            kept.append("")
        elif not in_code:
            kept.append(line)
    return kept


def _blocks(lines: list[str]) -> Iterator[str]:
    """Paragraphs and list items, each as one string."""
    block: list[str] = []
    in_list = False
    for line in lines:
        if len(block) == 1 and not in_list and _UNDERLINE.match(line):
            block = []  # the line above was a heading
            continue
        text = _QUOTE_MARK.sub("", line, count=1)
        item = _LIST_ITEM.match(text)
        if not item and _ends_block(text, bool(block) or in_list):
            yield from _joined(block)
            block, in_list = [], in_list and not text.strip()
            continue
        if item:
            yield from _joined(block)
            block, in_list = [], True
        elif not block:
            in_list = in_list and bool(_INDENTED.match(text) or text.startswith("  "))
        block.append(text[item.end() :] if item else text)
    yield from _joined(block)


def _ends_block(line: str, within_text: bool) -> bool:
    if not line.strip():
        return True
    if _INDENTED.match(line) and not within_text:
        return True  # an indented code block
    if line.lstrip().startswith("|") or line.count(" | ") > 1:
        return True  # a table's row
    not_prose = (_HEADING, _RULE, _TABLE_RULE, _MARKUP_ONLY, _LINK_DEFINITION)
    return any(pattern.match(line) for pattern in not_prose)


def _joined(block: list[str]) -> Iterator[str]:
    if block:
        yield " ".join(block)


def _plain(text: str) -> str:
    text = _IMAGE.sub("", text)
    text = _LINK.sub(r"\1", text)
    text = _FOOTNOTE.sub("", text)
    text = _LOOKS_LIKE_CITATION.sub(r"(\1)", text)
    return _BLANKS.sub(" ", text).strip()


def _split(block: str) -> Iterator[str]:
    start = 0
    for end in _SENTENCE_END.finditer(block):
        if _goes_on(block[start : end.end()].rstrip(), block[end.end() :]):
            continue
        yield block[start : end.end()].strip()
        start = end.end()
    if rest := block[start:].strip():
        yield rest


def _goes_on(before: str, after: str) -> bool:
    """Whether the full stop between two texts ends no sentence: "approx. 5", "J. Doe", "e.g. this"."""
    first = after.lstrip("\"'\u201c\u2018([*_`")[:1]
    if first.islower():
        return True
    if not (last_word := _LAST_WORD.search(before)):
        return False
    return len(last_word[1]) == 1 or last_word[1].lower() in _ABBREVIATIONS
