"""The languages that the chat speaks: one file of words each, built from ``frontend/src/locales``.

The server chooses one for a page, so that the page is in it from the first moment on, and loads it alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

from embed.languages import choose, is_right_to_left

_FOLDER = "embed/dist/locales"
_FILES = Path(__file__).parent / "static" / _FOLDER


@dataclass(frozen=True, slots=True)
class Language:
    """What a page is written in.

    ``tag`` names its words (``de``), ``locale`` is what the reader asked for (``de-at``: its numbers and dates),
    ``words`` the address of the chat's words, and ``said`` the few that the page says without them, by name.
    """

    tag: str
    locale: str
    words: str
    said: Mapping[str, str] = field(default_factory=dict)

    @property
    def direction(self) -> str:
        """``rtl`` or ``ltr``."""
        return "rtl" if is_right_to_left(self.tag) else "ltr"

    @property
    def config(self) -> dict[str, str]:
        """What the page's script is told."""
        return {"words": self.words, "locale": self.locale}


def language_for(request: HttpRequest, allowed: Sequence[str] = (), first: str = "") -> Language:
    """The language for who asks: of what ``allowed`` names (empty: of all), the one that they like best.

    ``first`` is the language of the page around a frame; the browser's own come after it.
    """
    wanted = [first, *_wanted(request)]
    tag, locale = choose(wanted, allowed, tuple(_said()))
    return Language(tag, locale, static(f"{_FOLDER}/{tag}.js"), _said()[tag])


def vary_by_language(response: Any) -> None:
    """For caches: another reader gets another page."""
    patch_vary_headers(response, ["Accept-Language"])


def _wanted(request: HttpRequest) -> Iterable[str]:
    return (tag for tag, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "")[:500]))


@cache
def _said() -> dict[str, dict[str, str]]:
    """What pages say without the chat's words, by language; English first, which is for those who ask for none."""
    said = json.loads((_FILES / "page.json").read_text())
    return {"en": said.pop("en"), **said}
