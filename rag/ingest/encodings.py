"""Bytes to text, in whatever encoding they were written.

A mark at the beginning decides, then what the file says of itself, then what can be decoded at all, then what looks
like writing: in Western Europe's old encodings foreign letters stand alone between plain ones, in those of other
scripts they follow each other.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

from rag.exceptions import UnsupportedType

# The longer mark first: UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAYS_ITS_ENCODING = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,30})""")
_LOOKED_AT = 20_000  # bytes
_WIDE = (("utf-16-le", 1, 2), ("utf-16-be", 0, 2))
# PostgreSQL's text cannot hold NUL, and UTF-8 cannot hold half of a surrogate pair.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_CONTROLS = re.compile("[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd]")
_FOREIGN_RUNS = re.compile("[^\x00-\x7f]{3,}")
_FOREIGN = re.compile("[^\x00-\x7f]")

# Each with the letters that are common in its languages, looked for in what it decodes to.
_CYRILLIC, _GREEK = re.compile("[оеаинтср]"), re.compile("[αοιετνσςρόάίέ]")
_KANA, _HANGUL = re.compile("[ぁ-ヿ]"), re.compile("[가-힣]")
_COMMON_HAN = re.compile("[的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年的電話說]")
_OTHERS: tuple[tuple[str, Callable[[str], float]], ...] = (
    ("shift_jis", lambda text: _share(_KANA, text)),
    ("euc_jp", lambda text: _share(_KANA, text)),
    ("euc_kr", lambda text: _share(_HANGUL, text)),
    ("gb18030", lambda text: min(1.0, 8 * _share(_COMMON_HAN, text))),
    ("big5", lambda text: min(1.0, 8 * _share(_COMMON_HAN, text))),
    ("cp1251", lambda text: min(1.0, 1.6 * _share(_CYRILLIC, text))),
    ("koi8_r", lambda text: min(1.0, 1.6 * _share(_CYRILLIC, text))),
    ("cp1253", lambda text: min(1.0, 1.6 * _share(_GREEK, text))),
)


def decode(content: bytes) -> str:
    """The text in ``content``. Line ends become newlines; characters that PostgreSQL cannot store are dropped.

    Raises ``UnsupportedType`` for bytes that are no text.
    """
    text = _decoded(content)
    head = text[:_LOOKED_AT]
    if len(_CONTROLS.findall(head)) > 2 + len(head) // 50:
        raise UnsupportedType("This file is not text, and not of any other kind that can be read.")
    return clean(text)


def clean(text: str) -> str:
    """``text`` with newlines for all line ends and without what PostgreSQL cannot store."""
    return _UNSTORABLE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


def _decoded(content: bytes) -> str:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    wide = _wide_encoding(content[:_LOOKED_AT])
    if wide:
        return content.decode(wide, errors="replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return _in_an_old_encoding(content)


def _wide_encoding(head: bytes) -> str:
    """UTF-16 without a mark: every other byte of Western text is zero. Empty for anything else."""
    half = len(head) // 2
    if half < 2:
        return ""
    for encoding, place, step in _WIDE:
        if head[place::step].count(0) > 0.7 * half and head[1 - place :: step].count(0) < 0.1 * half:
            return encoding
    return ""


def _in_an_old_encoding(content: bytes) -> str:
    head = content[:_LOOKED_AT]
    told = _SAYS_ITS_ENCODING.search(head[:2048])
    if told:
        try:
            return content.decode(told[1].decode("ascii"))
        except (LookupError, UnicodeError):
            pass  # it says what it is not
    western = head.decode("cp1252", errors="replace")
    if _is_western(western):
        return content.decode("cp1252", errors="replace")
    scored = [(_score(head, encoding, judge), encoding) for encoding, judge in _OTHERS]
    best, encoding = max(scored)
    return content.decode(encoding if best > 0.3 else "cp1252", errors="replace")


def _is_western(text: str) -> bool:
    foreign = len(_FOREIGN.findall(text))
    return sum(map(len, _FOREIGN_RUNS.findall(text))) < 0.4 * foreign


def _score(head: bytes, encoding: str, judge: Callable[[str], float]) -> float:
    text = head.decode(encoding, errors="replace")
    wrong = text.count("\ufffd") - 1  # the head's last character may be cut in two
    return judge(text) if wrong <= 0 else judge(text) - 10 * wrong / max(1, len(text))


def _share(pattern: re.Pattern[str], text: str) -> float:
    """Which part of the letters beyond ASCII ``pattern`` matches."""
    return sum(map(len, pattern.findall(text))) / max(1, len(_FOREIGN.findall(text)))
