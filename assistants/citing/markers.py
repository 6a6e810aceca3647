# ruff: noqa: RUF001, RUF002  (the brackets and signs of other scripts are what this is about)
"""Citation markers in an answer that comes in pieces: right ones stay, wrong ones never reach anybody. Pure.

A marker is ``[1]``, ``[1, 2]``, ``[1-3]`` or a mixture, or the same in the brackets ``【1】`` and ``［1］``, which may
have a ``†source`` behind the number, as some models are taught. Its numbers have one or two digits, or three where
there are so many passages. What comes out has one form: ``[1]`` or ``[1, 2]``.

No marker: anything in code, ``[2024]``, ``[0]``, ``[x]``, a link ``[1](...)``, a definition ``[1]: ...`` at the
beginning of a line, and ``\\[1]``. One that stands directly behind a letter, a digit or a closing bracket may be an
index (``a[7]``): it cites where there is such a passage, and is never taken away.

Brackets around nothing but what was taken away go with it: ``It is so ([9]).`` becomes ``It is so.``
Whoever looks for markers in what came out finds those that were found on the way (``find_markers``).
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass

from assistants.citing.code_spans import CodeSpans

LONGEST_MARKER = 48
"""Characters. What is longer is text: so much is held back at the most, and a blank and a bracket before it."""
LONGEST_RANGE = 30

_CLOSING = {"[": "]", "【": "】", "［": "］"}
_OPENING = re.compile("[\\[【［]")
_PIECES = re.compile("[,;，、；]")
_RANGE = re.compile("([1-9][0-9]{0,2})(?: ?[-\N{EN DASH}~] ?([1-9][0-9]{0,2}))?")
_WITHIN = frozenset("0123456789 ,;，、；-\N{EN DASH}~")
_TAUGHT = re.compile(r"([0-9:, ]+)†[^†]*")
_BLOCK = 512  # characters that are looked at together, as each bracket copies what is left of them
_SHORT = 100  # numbers below are markers, whether there is such a passage or not
_OURS = re.compile(r"\[[0-9]+(?:, ?[0-9]+)*\]")
_AROUND = {"(": ")", "（": "）"}
_LEAD = re.compile(r" ?[(（]?\Z")  # what goes with a marker that is taken away, where nothing else is in the brackets
_BEGUN = re.compile(r"\[[-0-9 ,;，、；\N{EN DASH}~]*\Z|[【［][^】］\n]*\Z")  # a marker that may go on
_BETWEEN = " ,;，、；"  # of such a bracket, behind markers that were taken away
_NEEDS_NO_BLANK = frozenset(" \n\t.,;:!?)]}'\"。，；：！？）」』”’")


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker that stays: ``text[start:end]`` of the answer, and the passages that it names."""

    start: int
    end: int
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    end: int
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Not:
    """No marker begins here. ``nests``: so far on, another bracket opens in what could have been one; 0: none does."""

    nests: int = 0


class MarkerFilter:
    """Takes an answer in any pieces and gives it back without wrong markers.

    ``passages`` are the numbers that there are. With ``keeps_all`` nothing is changed, and right markers are found.
    """

    def __init__(self, passages: Container[int], *, keeps_all: bool = False) -> None:
        self._passages = passages
        self._keeps_all = keeps_all
        self._held = ""
        self._code = CodeSpans()
        self._length = 0
        self._tail = ""  # what was said last, as far as a marker may reach
        self._behind = ""  # "free" or "index": what was just read is a marker of this kind
        self._owed = ""  # a blank, a bracket before what was taken away: what comes next tells if they are needed
        self._breaks = ""  # what would make a link or a definition of the marker that was just said
        self._nested_in = -1  # characters until a bracket within another one
        self.markers: list[Marker] = []
        """The right ones so far, by their places in what was given back."""
        self.removed = 0
        """How many wrong numbers were taken away."""

    @property
    def held_back(self) -> int:
        """How many characters wait for what comes next."""
        return len(self._held) + len(self._owed)

    def feed(self, piece: str) -> str:
        """The next piece of the answer; what can be shown of it is given back."""
        said = []
        for start in range(0, len(piece), _BLOCK):
            self._held += piece[start : start + _BLOCK]
            said.append(self._advance(at_end=False))
        return "".join(said)

    def end(self) -> str:
        """The rest, when nothing more comes."""
        return self._advance(at_end=True)

    def _advance(self, at_end: bool) -> str:
        said: list[str] = []
        while self._held:
            opening = _OPENING.search(self._held)
            place = len(self._held) if opening is None else opening.start()
            found = _LEAD.search(self._held[:place])
            lead = found[0] if found and not (at_end and opening is None) else ""
            said.append(self._say(place - len(lead)))
            if opening is None:
                break
            if self._is_elsewhere(lead):
                said.append(self._say(len(lead)))
                lead = ""
            if not self._decide(lead, at_end, said):
                break
        return "".join(said)

    def _is_elsewhere(self, lead: str) -> bool:
        """Whether the bracket before a marker must stay: a function's or a link's, one in another one that waits, or
        one without which what is around it would become a marker."""
        if lead[-1:] not in _AROUND:
            return False
        is_anothers = lead == "(" and (_is_bound(self._before) or self._before in ("】", "］"))
        return is_anothers or self._owed[-1:] in _AROUND or _BEGUN.search(self._tail) is not None

    @property
    def _before(self) -> str:
        """The character before what is held, as it will be."""
        return self._owed[-1:] or self._tail[-1:]

    def _decide(self, lead: str, at_end: bool, said: list[str]) -> bool:
        """What is held begins with a bracket, behind its ``lead``. False: more must come first."""
        if self._code.inside:
            said.append(self._say(len(lead) + 1))
            return True
        found = self._read(len(lead))
        if found is None or (isinstance(found, _Found) and found.end == len(self._held)):
            if not at_end:
                return False
            found = found or _Not()
        if isinstance(found, _Not):
            said.append(self._say(len(lead) + 1))
            if found.nests:
                self._nested_in = found.nests - 1
        else:
            said.append(self._judge(found, lead))
        return True

    def _read(self, start: int) -> _Found | _Not | None:
        """The marker that begins here; None where that cannot be told yet."""
        opening = self._held[start]
        closing, wide = _CLOSING[opening], opening != "["
        for place in range(start + 1, min(len(self._held), start + LONGEST_MARKER)):
            character = self._held[place]
            if character == closing:
                return self._numbers(self._held[start + 1 : place], place + 1, wide)
            if character in _CLOSING:
                return _Not(nests=place - start)
            if character == "\n" or (character not in _WITHIN and not wide):
                return _Not()
        return None if len(self._held) < start + LONGEST_MARKER else _Not()

    def _numbers(self, written: str, end: int, wide: bool) -> _Found | _Not:
        taught = _TAUGHT.fullmatch(written) if wide else None
        if taught is not None:
            return _Found(end, self._listed(taught[1]) or ())
        numbers = self._listed(written)
        return _Found(end, numbers) if numbers else _Not()

    def _listed(self, written: str) -> tuple[int, ...] | None:
        numbers: list[int] = []
        for piece in _PIECES.split(written):
            found = _RANGE.fullmatch(piece.strip(" "))
            if found is None:
                return None
            first = int(found[1])
            last = int(found[2] or first)
            if not first <= last <= first + LONGEST_RANGE:
                return None
            numbers += range(first, last + 1)
        known = [number in self._passages for number in numbers]
        if any(number >= _SHORT and not there for number, there in zip(numbers, known, strict=True)):
            return None
        return tuple(dict.fromkeys(numbers))

    def _judge(self, found: _Found, lead: str) -> str:
        """What is said in the place of a marker: it as it is, in our form, or nothing."""
        before = lead[-1:] or self._before
        after = self._held[found.end : found.end + 1]
        if self._is_markdown(before, after):
            return self._say(found.end)
        bound = self._nested_in == len(lead) or self._is_index(before, len(lead))
        kept = tuple(number for number in found.numbers if number in self._passages)
        written = self._held[len(lead) : found.end]
        if bound or self._keeps_all or (kept == found.numbers and _OURS.fullmatch(written)):
            return self._mark(lead, written, found.end, kept, "index" if bound else "free")
        self.removed += max(1, len(found.numbers)) - len(kept)
        if kept:
            return self._mark(lead, f"[{', '.join(map(str, kept))}]", found.end, kept, "free")
        if self._owed[-1:] not in _AROUND:
            bracket = lead[-1:] if lead[-1:] in _AROUND else ""
            self._owed = (self._owed or lead.removesuffix(bracket)) + bracket
        self._held = self._held[found.end :]
        self._behind = "free"
        return ""

    def _is_markdown(self, before: str, after: str) -> bool:
        opens_line = before in ("", "\n") and not self._behind
        return before == "\\" or after == "(" or (after == ":" and opens_line)

    def _is_index(self, before: str, start: int) -> bool:
        if self._held[start] != "[" or before == " ":
            return False
        if self._behind:
            return self._behind == "index"
        return _is_bound(before)

    def _mark(self, lead: str, written: str, end: int, numbers: tuple[int, ...], kind: str) -> str:
        """Say a marker, in the place of so much of what is held, and its lead."""
        self._held, last = lead + written + self._held[end:], self._tail[-1:]
        text = self._say(len(lead) + len(written))
        if numbers:
            self.markers.append(Marker(self._length - len(written), self._length, numbers))
        self._behind = kind
        self._breaks = ":(" if (text[: -len(written)][-1:] or last) in ("", "\n") else "("
        return text

    def _say(self, length: int) -> str:
        text, self._held = self._held[:length], self._held[length:]
        self._nested_in -= length
        text = self._with_owed(text)
        if not text:
            return ""
        if text[0] in self._breaks:  # what stood between them was taken away
            text = " " + text
        self._code.feed(text)
        self._length += len(text)
        self._tail = (self._tail + text)[-LONGEST_MARKER:]
        self._behind = self._breaks = ""
        return text

    def _with_owed(self, text: str) -> str:
        """The text behind what is owed, as far as that is needed; nothing where what comes next must tell."""
        closing = _AROUND.get(self._owed[-1:])
        if closing is not None:
            text = text.lstrip(_BETWEEN)
            if text.startswith(closing):
                closing, text, self._owed = None, text[1:], self._owed[:-1]
        if not text:
            return ""
        owed, self._owed = self._owed, ""
        return owed + text if closing is not None or text[0] not in _NEEDS_NO_BLANK else text


def _is_bound(before: str) -> bool:
    """Whether a bracket directly behind this belongs to it: an index, a call, a link."""
    return (before.isascii() and before.isalnum()) or before in ("_", ")", "]", "}", "`")


def find_markers(text: str, passages: Container[int]) -> list[Marker]:
    """The right markers of a whole text, by their places in it."""
    found = MarkerFilter(passages, keeps_all=True)
    found.feed(text)
    found.end()
    return found.markers


def renumbered(text: str, numbers: Mapping[int, int]) -> str:
    """A text whose markers name the same passages by other numbers."""
    made, place = [], 0
    for marker in find_markers(text, numbers):
        said = ", ".join(str(numbers[number]) for number in marker.numbers)
        made += [text[place : marker.start], f"[{said}]"]
        place = marker.end
    return "".join([*made, text[place:]])


def without_markers(text: str) -> str:
    """A text without anything that is a marker: what a client's conversation quotes of earlier answers."""
    found = MarkerFilter(())
    return found.feed(text) + found.end()
