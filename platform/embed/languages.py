"""Languages by their tags (RFC 5646), as people type them: ``de``, ``pt-BR``. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tenants.errors import InvalidInput

_TAG = re.compile(r"([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|\d{3}))?", re.IGNORECASE | re.ASCII)
_RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})


def as_language(text: str) -> str:
    """The tag in its usual form. Which translations there are is not asked here.

    Raises ``InvalidInput`` for what is none.
    """
    found = _TAG.fullmatch(text.strip().replace("_", "-"))
    if found is None:
        raise InvalidInput(f"{text.strip()[:50]!r} is no language such as en, de or pt-BR.", field="languages")
    language, script, region = found.groups(default="")
    return "-".join(filter(None, (language.lower(), script.title(), region.upper())))


def choose(wanted: Iterable[str], allowed: Sequence[str], known: Sequence[str]) -> tuple[str, str]:
    """The known language that is wanted most, and the tag by which it was asked for: ``("de", "de-at")``.

    ``wanted`` begins with the best, and may hold anything. ``allowed`` narrows ``known``, unless it is empty; its first
    is for who wants none of them. ``pt-BR`` finds ``pt``, and the other way round. Else it is the first of ``known``.
    """
    among = [found for tag in allowed if (found := _match(tag, known))] if allowed else known
    for tag in wanted:
        if _TAG.fullmatch(tag) and (found := _match(tag, among)):
            return found, tag.replace("_", "-")
    best = among[0] if allowed and among else known[0]
    return best, best


def is_right_to_left(tag: str) -> bool:
    """Whether it is written from right to left."""
    return _primary(tag) in _RIGHT_TO_LEFT


def _match(tag: str, among: Sequence[str]) -> str | None:
    same = (each for each in among if each.lower() == tag.lower())
    near = (each for each in among if _primary(each) == _primary(tag))
    return next(same, None) or next(near, None)


def _primary(tag: str) -> str:
    return re.split("[-_]", tag.lower(), maxsplit=1)[0]
