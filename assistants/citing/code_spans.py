"""Where code is in Markdown that comes in pieces: what looks like a marker there is none. Pure.

A line of backticks or tildes opens a block that a like line closes (CommonMark 4.5); a run of backticks opens code in
a line, which a run of the same length, the paragraph's end or a list's next item closes (CommonMark 6.1). Indented
blocks are not seen: nobody can tell them from the lines of a list without the whole text.
"""

from __future__ import annotations

import re

_PIECE = re.compile(r"`+|~+|\n|[^`~\n]+")
_BEFORE_FENCE = re.compile(r"[ \t>]*(?:[-*+]|\d{1,9}[.)])?[ \t]*")
_MAY_COME_BEFORE = re.compile(r"[ \t>]*(?:[-*+][ \t]*|\d{1,9}(?:[.)][ \t]*)?)?")  # the same, cut off anywhere
_ITEM = re.compile(r"[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]")
_SHORTEST_FENCE = 3


class CodeSpans:
    """Fed with text in any pieces, knows whether the next character stands in code."""

    def __init__(self) -> None:
        self._fence = ""
        self._inline = 0
        self._run = ""  # backticks or tildes at the end of what was read: more may come
        self._run_begins_line = False
        self._line = ""  # as far as it may still begin with a fence
        self._line_has_begun = False
        self._opening = False  # the line that opened the fence goes on

    @property
    def inside(self) -> bool:
        """True in code; a run at the end of the text counts as whole."""
        self._settle()
        return bool(self._fence or self._inline)

    def feed(self, text: str) -> None:
        """Read on."""
        for piece in _PIECE.findall(text):
            if piece[0] in "`~":
                self._read_run(piece)
                continue
            self._settle()
            if piece == "\n":
                self._end_line()
            else:
                self._read_words(piece)

    def _read_run(self, signs: str) -> None:
        if self._run and self._run[0] != signs[0]:
            self._settle()
        if not self._run:
            self._run_begins_line = not self._line_has_begun and _BEFORE_FENCE.fullmatch(self._line) is not None
        self._run += signs
        self._line_has_begun = True

    def _read_words(self, words: str) -> None:
        if not self._line_has_begun:
            self._line += words
            self._line_has_begun = _MAY_COME_BEFORE.fullmatch(self._line) is None
            if _ITEM.match(self._line):
                self._inline = 0

    def _end_line(self) -> None:
        if not self._line_has_begun and not self._line.strip(" \t>"):
            self._inline = 0
        self._line, self._line_has_begun, self._opening = "", False, False

    def _settle(self) -> None:
        run, self._run = self._run, ""
        if not run:
            return
        if self._fence:
            self._end_fence(run)
        elif self._inline:
            if run == "`" * self._inline:
                self._inline = 0
        elif self._run_begins_line and len(run) >= _SHORTEST_FENCE:
            self._fence, self._opening = run, True
        elif run[0] == "`":
            self._inline = len(run)

    def _end_fence(self, run: str) -> None:
        if self._opening:
            if run[0] == self._fence[0] == "`":  # no fence has backticks behind it: this is code in a line
                self._inline, self._fence = (0 if run == self._fence else len(self._fence)), ""
        elif self._run_begins_line and run[0] == self._fence[0] and len(run) >= len(self._fence):
            self._fence = ""
