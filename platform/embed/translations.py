"""The languages that the chat speaks besides English: one file of words each, built from ``frontend/src/locales``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.templatetags.static import static

_FOLDER = "embed/dist/locales"


def translations() -> dict[str, str]:
    """The address of each language's words, by its tag (``de``, ``pt``). The page loads the one that it needs."""
    return {tag: static(f"{_FOLDER}/{tag}.js") for tag in _tags()}


@cache
def _tags() -> tuple[str, ...]:
    folder = Path(__file__).parent / "static" / _FOLDER
    return tuple(sorted(path.stem for path in folder.glob("*.js")))
