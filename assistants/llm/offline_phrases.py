"""Stretches of a question that may stand for a text argument: "New York" in "the weather in New York
tomorrow".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from assistants.llm.offline_values import QUOTED, unquoted
from assistants.llm.offline_words import STOPWORDS, words

# Stands where something was read already, so that nothing is read twice and no phrase runs across it.
MASK = "\x1f"

_QUOTED = re.compile(QUOTED.pattern)
_CLAUSE_END = re.compile(rf"[,;?!\n(){{}}\[\]{MASK}]|\.(?=\s|$)|:\s")
_PLEASANTRIES = re.compile(r"(?:[\s,]+(?:please|thanks|thank you))+$", re.IGNORECASE)
_TOKEN = re.compile(r"\S+")
_ARTICLES = frozenset(("the", "a", "an"))
_CONNECTORS = frozenset(("da", "de", "del", "der", "di", "du", "la", "of", "the", "upon", "van", "von"))
_TIME_WORDS = """
afternoon currently date day evening hour later minute moment month morning night right soon time today
tomorrow tonight week weekend year yesterday monday tuesday wednesday thursday friday saturday sunday
"""
_TIME = frozenset(_TIME_WORDS.split())
_LEADS = (
    # For a search the subject comes after "for" or "about", and "of" and "in" belong to it.
    (r"for|about|regarding", r"of|on", r"in"),
    (r"in|for|of|about|near|named|called",),
)
_FREE_TEXT = frozenset(("content", "message", "query", "question", "search", "subject", "text", "topic"))


def is_free_text(name: Collection[str]) -> bool:
    """Whether a parameter of these words takes a whole phrase and not a name: ``query``, ``search_text`` ..."""
    return "q" in name or not _FREE_TEXT.isdisjoint(name)


def named_phrase(text: str) -> tuple[str, int] | None:
    """The quotation or name that ``text`` begins with, and where it ends; None when it begins with neither.

    A name is a run of capitalised words, or else the words up to the first that carries no information.
    """
    if quoted := _QUOTED.match(text):
        return unquoted(quoted[0]), quoted.end()
    tokens = list(_TOKEN.finditer(_clause(text)))
    count = _name_length([token[0] for token in tokens])
    return (" ".join(token[0] for token in tokens[:count]), tokens[count - 1].end()) if count else None


def subject_phrase(text: str, free_text: bool, known: Collection[str]) -> str | None:
    """What a question is about, by its prepositions: "in X", "for X", "of X".

    Parameters
    ----------
    text
        The question, with `MASK` where something was read already.
    free_text
        Take the rest of the clause instead of a name.
    known
        Words that are no answer by themselves, such as those of the tool's name.
    """
    for lead in _LEADS[0 if free_text else 1]:
        found = [phrase for phrase in _phrases_after(lead, text, free_text) if not set(words(phrase)) <= set(known)]
        if found:
            # A name is the likelier one: "the temperature of water in Oslo".
            return next((phrase for phrase in found if _is_name(phrase)), found[0])
    return None


def _phrases_after(lead: str, text: str, free_text: bool) -> Iterator[str]:
    # A tool's name, masked, followed by a colon or a bracket leads in as well: "get_weather: Oslo".
    for start in re.finditer(rf"(?:\b(?i:{lead})|{MASK}\s*[:(])\s+|{MASK}[(:](?=\w)", text):
        rest = _without_article(text[start.end() :])
        if free_text:
            phrase = _PLEASANTRIES.sub("", _clause(rest).strip())
            if any(word not in STOPWORDS for word in words(phrase)):
                yield phrase
        elif found := named_phrase(rest):
            yield found[0]


def _clause(text: str) -> str:
    end = _CLAUSE_END.search(text)
    return text[: end.start()] if end else text


def _without_article(text: str) -> str:
    first, _, rest = text.partition(" ")
    return rest.lstrip() if first.lower() in _ARTICLES else text


def _name_length(tokens: list[str]) -> int:
    """How many tokens at the beginning make one name."""
    if not tokens or _says_nothing(tokens[0]):
        return 0
    names_only = _is_name(tokens[0])
    for position, token in enumerate(tokens[1:], start=1):
        following = tokens[position + 1 : position + 2]
        links = names_only and token in _CONNECTORS and bool(following) and _is_name(following[0])
        fits = _is_name(token) if names_only else not _says_nothing(token)
        if not links and (not fits or token.lower() in _TIME):
            return position
    return len(tokens)


def _says_nothing(token: str) -> bool:
    plain = token.lower().strip("'\"\u2019.:")
    return plain in STOPWORDS or plain in _TIME or not plain


def _is_name(phrase: str) -> bool:
    return phrase[:1].isupper() or any(letter.isdigit() for letter in phrase.partition(" ")[0])
