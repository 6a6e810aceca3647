"""How the values of tool arguments are written in a question: numbers, dates, quoted strings ...

Everything here is a pattern with the rule that turns its text into a value. A rule gives `NOTHING` for a
text that only looks right, such as the 31st of February.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from assistants.llm.offline_parameters import Kind


class _Nothing:
    """No value could be read. Not None, which is a value of JSON."""

    def __repr__(self) -> str:
        return "NOTHING"


NOTHING: Final = _Nothing()


@dataclass(frozen=True)
class Written:
    """A pattern without groups, and what a text that fits it means."""

    pattern: str
    read: Callable[[str], Any]


def _number(text: str) -> int | float:
    digits = text.replace(",", "")
    return float(digits) if "." in digits else int(digits)


def _integer(text: str) -> Any:
    value = _number(text)
    return int(value) if value == int(value) else NOTHING


def _boolean(text: str) -> bool:
    return text.lower() in {"true", "yes", "on"}


def _checked(check: Callable[[str], object]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            check(text)
        except ValueError:
            return NOTHING
        return text

    return read


def unquoted(text: str) -> str:
    """The text between a pair of quotation marks."""
    return text[1:-1]


_DAY = r"\d{4}-\d{2}-\d{2}"
_CLOCK = r"\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:\d{2})?"
# Not a number: part of a word, a version, a time of the day.
_NUMBER = r"(?<![\w.:])-?(?:\d{1,3}(?:,\d{3}){1,8}(?![,\d])|\d{1,24})(?:\.\d{1,15})?(?!\w|[.:]\d)"

NUMBER = Written(_NUMBER, _number)
INTEGER = Written(_NUMBER, _integer)
BOOLEAN = Written(r"\b(?i:true|false|yes|no|on|off)\b", _boolean)
QUOTED = Written(
    r"\"[^\"\n]{1,2000}\"|\u201c[^\u201d\n]{1,2000}\u201d|«[^»\n]{1,2000}»|\u2018[^\u2019\n]{1,2000}\u2019|`[^`\n]{1,2000}`"
    # An apostrophe opens a quotation only before a word and closes one only after it: "don't", "the users'
    # keys".
    r"|(?<!\w)'(?=\S)[^'\n]{1,2000}(?<=\S)'(?!\w)",
    unquoted,
)

FORMATS: dict[str, Written] = {
    "date": Written(rf"(?<!\d){_DAY}(?![\d-])", _checked(date.fromisoformat)),
    "date-time": Written(rf"(?<!\d){_DAY}[T ]{_CLOCK}(?!\d)", _checked(datetime.fromisoformat)),
    "time": Written(rf"(?<![\d:]){_CLOCK}(?![\d:])", str),
    "email": Written(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+", str),
    "uri": Written(r"https?://[^\s<>\"'`]{1,1900}[^\s<>\"'`.,;:!?)]", str),
    "uuid": Written(r"(?<![\w-])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![\w-])", _checked(UUID)),
}

SCALARS: dict[Kind, Written] = {"integer": INTEGER, "number": NUMBER, "boolean": BOOLEAN}


def one_of(choices: tuple[Any, ...]) -> Written:
    """The values of an enum as they may be mentioned: ``in_progress`` also as "in progress"."""
    spelled = {_spelling(choice): choice for choice in choices}
    longest_first = sorted(spelled, key=len, reverse=True)
    alternatives = "|".join(_loosely(spelling) for spelling in longest_first) or "(?!)"

    def read(text: str) -> Any:
        key = re.sub(r"[\s_-]+", " ", text).lower()
        return next((value for name, value in spelled.items() if _plain(name) == key), NOTHING)

    return Written(rf"(?<!\w)(?:{alternatives})(?!\w)", read)


def _spelling(choice: Any) -> str:
    return str(choice).lower() if isinstance(choice, bool) else str(choice)


def _plain(spelling: str) -> str:
    return re.sub(r"[\s_-]+", " ", spelling).lower()


def _loosely(spelling: str) -> str:
    """Letters of either case, except that "C" or "in" must stand as they are: too short to be meant
    otherwise.
    """
    parts = [re.escape(part) for part in re.split(r"[\s_-]+", spelling) if part]
    joined = r"[\s_-]+".join(parts) or re.escape(spelling)
    return joined if len(spelling) <= 2 else f"(?i:{joined})"
