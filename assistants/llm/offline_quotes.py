"""Which sentences of the retrieved passages come nearest to a question.

Each sentence is scored by the words that it shares with the question, a rare word counting for more (the
inverse document frequency of BM25, taken over the sentences at hand:
https://en.wikipedia.org/wiki/Okapi_BM25). Words of the title and the headings above a sentence count for
less. This finds where an answer stands; it understands nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistants.graph.passages import ParsedPassage
from assistants.llm.offline_sentences import prose_sentences
from assistants.llm.offline_words import Stems, informative_words

MAX_QUOTES = 3
MAX_QUOTE_CHARACTERS = 420

_CONTEXT_SHARE = 0.4  # of a word's weight, when it stands in the heading and not in the sentence
_REPEATED_SHARE = 0.6  # of a word's weight, when an earlier quote holds it already
_FLOOR = 0.45  # of the best score: what scores less is left out
_RANK_DISCOUNT = 0.05  # a place further down in the order of retrieval
_COMFORTABLE_WORDS = 30  # a longer sentence shares words by its length alone
_FEW_WORDS = 4  # a shorter one is a label rather than a statement


@dataclass(frozen=True)
class Quote:
    """Consecutive sentences of one passage; ``number`` is what a citation marker names."""

    number: int
    title: str
    text: str


@dataclass(frozen=True)
class Findings:
    """What the passages hold for a question.

    Attributes
    ----------
    quotes
        At most `MAX_QUOTES`, best first. Empty when no passage supports the question, or when those that do
        hold nothing but tables and code.
    pointers
        Without quotes: the passages in which words of the question occur nevertheless.
    absent
        Informative words of the question, as written, that occur in no passage.
    asked
        All informative words of the question.
    """

    quotes: tuple[Quote, ...]
    pointers: tuple[ParsedPassage, ...]
    absent: tuple[str, ...]
    asked: tuple[str, ...]

    @property
    def supported(self) -> bool:
        """Whether an informative word of the question occurs anywhere."""
        return len(self.absent) < len(self.asked)


@dataclass(frozen=True)
class _Sentence:
    passage: int  # index in the order of retrieval
    position: int  # among the sentences of its passage
    text: str
    stems: frozenset[str]
    own: frozenset[str]  # stems of the question in the sentence itself
    context: frozenset[str]  # and further ones in what stands above it
    length: int  # distinct words


def find_quotes(question: str, passages: Sequence[ParsedPassage]) -> Findings:
    """Find the sentences to quote for a question.

    Parameters
    ----------
    question
        As the user wrote it.
    passages
        In the order of retrieval, best first.
    """
    stems = Stems()
    asked: dict[str, str] = {}
    for word in informative_words(question):
        asked.setdefault(stems[word], word)
    held = [stems.of(f"{passage.title} {passage.heading} {passage.text}") for passage in passages]
    absent = asked.keys() - frozenset().union(*held)
    sentences = [
        sentence
        for index, passage in enumerate(passages)
        for sentence in _sentences(index, passage, frozenset(asked), stems)
    ]
    picked = _pick(sentences)
    return Findings(
        quotes=tuple(_quotes(picked, passages)),
        pointers=() if picked else _pointers(passages, held, frozenset(asked)),
        absent=tuple(word for key, word in asked.items() if key in absent),
        asked=tuple(asked.values()),
    )


def _sentences(index: int, passage: ParsedPassage, asked: frozenset[str], stems: Stems) -> Iterator[_Sentence]:
    above = stems.of(f"{passage.title} {passage.heading}") & asked
    context = above
    for position, text in enumerate(prose_sentences(passage.text)):
        found = stems.of(text)
        own = found & asked
        sentence = _Sentence(index, position, text, found, own, context - own, len(found))
        # The sentence after a question is likely its answer, in other words than the question's.
        context = above | own if text.endswith("?") else above
        if own or sentence.context:
            yield sentence


def _pick(sentences: Sequence[_Sentence]) -> list[_Sentence]:
    """Take the best sentence, then those that add most to what is taken, while they are good enough."""
    weights = _weights(sentences)
    picked: list[_Sentence] = []
    covered: frozenset[str] = frozenset()
    floor = 0.0
    rest = list(sentences)
    while rest and len(picked) < MAX_QUOTES:
        # max() keeps the first of equals: the order of retrieval decides, and the same input gives the same
        # answer.
        best = max(rest, key=lambda sentence: _score(sentence, weights, covered))
        score = _score(best, weights, covered)
        if score <= 0 or score < floor:
            break
        floor = floor or score * _FLOOR
        picked.append(best)
        covered |= best.own
        rest = [sentence for sentence in rest if not _same(sentence, best)]
    return picked


def _weights(sentences: Sequence[_Sentence]) -> dict[str, float]:
    total = len(sentences)
    counts: dict[str, int] = {}
    for sentence in sentences:
        for word in sentence.own | sentence.context:
            counts[word] = counts.get(word, 0) + 1
    return {word: math.log(1 + (total - count + 0.5) / (count + 0.5)) for word, count in counts.items()}


def _score(sentence: _Sentence, weights: dict[str, float], covered: frozenset[str]) -> float:
    score = sum(weights[word] * (_REPEATED_SHARE if word in covered else 1) for word in sentence.own)
    score += _CONTEXT_SHARE * sum(weights[word] for word in sentence.context - covered)
    score /= 1 + max(0, sentence.length - _COMFORTABLE_WORDS) / _COMFORTABLE_WORDS
    score /= 1 + _RANK_DISCOUNT * sentence.passage
    return score * _worth(sentence)


def _worth(sentence: _Sentence) -> float:
    """How well a sentence stands alone, from 0 to 1."""
    if sentence.text.endswith("?"):
        return 1 / 3  # it asks and does not answer
    cut_off = sentence.position == 0 and sentence.text[0].islower()
    if cut_off or sentence.text.endswith(":") or sentence.length < _FEW_WORDS:
        return 1 / 2
    return 1.0


def _same(one: _Sentence, other: _Sentence) -> bool:
    """Whether ``one`` only repeats ``other``: passages overlap, and documents repeat themselves."""
    shared = len(one.stems & other.stems)
    return one.own <= other.own and shared >= 0.8 * min(len(one.stems), len(other.stems))


def _quotes(picked: Sequence[_Sentence], passages: Sequence[ParsedPassage]) -> Iterator[Quote]:
    """One quote a passage and run of neighbouring sentences, in the order in which they were picked."""
    rest = list(picked)
    while rest:
        run = [rest.pop(0)]
        while neighbour := next((sentence for sentence in rest if _adjoins(sentence, run)), None):
            rest.remove(neighbour)
            run = sorted([*run, neighbour], key=lambda sentence: sentence.position)
        passage = passages[run[0].passage]
        text = " ".join(_shortened(sentence) for sentence in run)
        yield Quote(passage.number, passage.title, text)


def _adjoins(sentence: _Sentence, run: Sequence[_Sentence]) -> bool:
    same_passage = sentence.passage == run[0].passage
    return same_passage and sentence.position in (run[0].position - 1, run[-1].position + 1)


def _shortened(sentence: _Sentence) -> str:
    """A very long "sentence" (a list without full stops, say) around the first word that the question
    has.
    """
    text = sentence.text
    if len(text) <= MAX_QUOTE_CHARACTERS:
        return text
    lowered = text.lower()
    # A stem is nearly always the beginning of the word as written.
    places = [place for word in sentence.own if (place := lowered.find(word)) >= 0]
    start = max(0, min(places, default=0) - MAX_QUOTE_CHARACTERS // 4)
    start = 0 if start == 0 else text.find(" ", start) + 1
    cut = text[start : start + MAX_QUOTE_CHARACTERS]
    at_end = start + len(cut) >= len(text)
    cut = cut if at_end else (cut.rsplit(" ", 1)[0] + " …")
    return cut if start == 0 else "… " + cut


def _pointers(
    passages: Sequence[ParsedPassage], held: Sequence[frozenset[str]], asked: frozenset[str]
) -> tuple[ParsedPassage, ...]:
    counts = [len(words & asked) for words in held]
    ranked = sorted(range(len(passages)), key=lambda index: -counts[index])
    return tuple(passages[index] for index in ranked[:MAX_QUOTES] if counts[index])
