"""Words as the offline model compares them: lower case, without filler words, without endings. English."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W_]+")

# Words that say nothing of what a question is about: grammar, the chatter around a question, and the verbs
# that fit any subject ("how do I use ...", "tell me about ...", "keep ..."). Matching on them would quote
# something unrelated.
_GRAMMAR = """
a about above after again against all also am an and another any are aren as at be because been
before being below between both but by can cannot could couldn did didn do does doesn doing don done down
during each either else ever every few for from further had hadn has hasn have haven having he her here hers
him himself his how however i if in into is isn it its itself just least ll less many may me might mine more
most much must my myself neither never no nor not now of off often on once one ones only or other our ours
out over own per perhaps quite rather re same shall she should shouldn since so some such than that the
their theirs them themselves then there these they this those though through thus till to too under until up
upon us ve very was wasn we were weren what whatever when where whether which while who whom whose why will
with within without won would wouldn yes yet you your yours
"""
_CHATTER = """
actually answer anyone anything ask asked asking briefly came colleague come comes curious
describe detail details document documents exactly example examples explain find found get gets give given
gives go goes going got happen happens hello help hey hi info information keep keeps kept know let like list
look looking make makes made maybe mean means meant need needs okay ok one please possible possibly question
long really say says said see seem seems show shows soon something sort start started starts stuff take takes tell
thank thanks thing things think told understand use used uses using want wants way ways wonder wondering
work works working
"""
STOPWORDS = frozenset((_GRAMMAR + _CHATTER).split())

# Nothing shorter than this is left of a word: "bring" is not "br".
_MIN_ROOT = 3


def words(text: str) -> list[str]:
    """The words of a text in lower case, in their order; ``snake_case`` counts as its parts."""
    return _WORD.findall(text.lower())


def stem(word: str) -> str:
    """A word without its usual English endings, so that "migrated", "migrates" and "migration" meet.

    The result is for comparing only: it need not be a word.
    """
    shorter = _without_ending(word)
    while shorter != word:  # "embeddings" has three
        word, shorter = shorter, _without_ending(shorter)
    shorter = shorter.rstrip("e") if len(shorter) > _MIN_ROOT else shorter
    return shorter[:-2] if shorter.endswith("at") and len(shorter) > 5 else shorter


class Stems(dict[str, str]):
    """``stems[word]``, worked out once a word. Make one for each question: it keeps what it saw."""

    def __missing__(self, word: str) -> str:
        self[word] = stem(word)
        return self[word]

    def of(self, text: str) -> frozenset[str]:
        """The distinct stems of all words of a text."""
        return frozenset([self[word] for word in words(text)])


def informative_words(question: str) -> list[str]:
    """The words of a question that say what it is about, each once, in their order and as they were
    written.
    """
    asked = dict.fromkeys(words(question))
    return [word for word in asked if word not in STOPWORDS and (len(word) > 1 or word.isdigit())]


def _without_ending(word: str) -> str:
    if len(word) <= _MIN_ROOT:
        return word
    if word.endswith(("ies", "ied")) and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return word[:-2]
    if word.endswith("s"):
        return word if word.endswith(("ss", "us", "is")) else word[:-1]
    if word.endswith(("tion", "sion")) and len(word) > 6:
        return word[:-3]
    for ending in ("ing", "ed", "ment"):
        root = word.removesuffix(ending)
        if root != word and _is_root(root, ending):
            return _undoubled(root)
    return word


def _is_root(root: str, ending: str) -> bool:
    if ending == "ed" and root.endswith("e"):  # "need", "speed"
        return False
    return len(root) >= _MIN_ROOT and any(letter in "aeiouy" for letter in root)


def _undoubled(root: str) -> str:
    """ "shipp" -> "ship"; but "call", "pass" and "buzz" end so by themselves."""
    doubled = root[-1] == root[-2] and root[-1] not in "aeioulsz"
    return root[:-1] if doubled else root
