"""A site's look: what an administrator may choose of it, checked, and what a page needs to draw it. Pure.

It is stored as the JSON that ``checked_look`` returns, in which everything may be left out:

    {"theme": "auto", "light": {"accent": "#0b6a5d"}, "dark": {}, "radius": 14, "position": "right", "offset_x": 20,
     "offset_y": 20, "icon": "chat", "icon_text": "", "label": "", "variables": {"light": {}, "dark": {}}}
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

from embed.colours import as_colour
from embed.palette import CHOSEN, SCHEMES, palette, unreadable
from tenants.errors import InvalidInput

THEMES = ("auto", "light", "dark")
POSITIONS = ("right", "left")
ICONS: Mapping[str, str] = {  # paths in a square of 24, to be filled by the rule evenodd
    "chat": "M4 4h16a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-8l-5 4v-4H4a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2Z",
    "question": "M12 2a10 10 0 1 0 0 20a10 10 0 0 0 0-20Zm-1.2 13.2h2.4v2.4h-2.4Zm1.2-9.4c2.2 0 3.8 1.3 3.8 3.3 0 1.5"
    "-.8 2.3-1.6 3-.7.6-1 .9-1 1.6v.3h-2.4v-.5c0-1.6.8-2.3 1.6-3 .7-.6 1-.9 1-1.4 0-.7-.5-1.1-1.4-1.1s-1.5.5-1.6 1.4L8 "
    "9.3c.2-2.2 1.8-3.5 4-3.5Z",
    "spark": "M12 2l2.2 6.6a2 2 0 0 0 1.2 1.2L22 12l-6.6 2.2a2 2 0 0 0-1.2 1.2L12 22l-2.2-6.6a2 2 0 0 0-1.2-1.2L2 "
    "12l6.6-2.2a2 2 0 0 0 1.2-1.2Z",
    "headset": "M12 3a9 9 0 0 0-9 9v5a3 3 0 0 0 3 3h1a1 1 0 0 0 1-1v-6a1 1 0 0 0-1-1H5a7 7 0 0 1 14 0h-2a1 1 0 0 0-1 1"
    "v6a1 1 0 0 0 1 1h1.6a3 3 0 0 1-2.1 1H13a1 1 0 0 0 0 2h3.5a5 5 0 0 0 4.5-5v-5a9 9 0 0 0-9-9Z",
    "arch": "M12 3a8 8 0 0 0-8 8v10h4V11a4 4 0 0 1 8 0v10h4V11a8 8 0 0 0-8-8Z",
}
MOST_RADIUS, MOST_OFFSET = 32, 200  # pixels
LONGEST_ICON_TEXT, LONGEST_LABEL, LONGEST_VALUE = 4, 40, 200  # characters
DEFAULTS: Mapping[str, Any] = {
    **{"theme": "auto", "radius": 14, "position": "right", "offset_x": 20, "offset_y": 20},
    **{"icon": "chat", "icon_text": "", "label": ""},
}
COLOUR_VARIABLES = ("on-accent", "side", "line", "line-strong", "muted", "danger", "highlight", "highlight-line")
_FONT = re.compile(r"""(?:[\w -]+|"[\w -]+"|'[\w -]+')(?:\s*,\s*(?:[\w -]+|"[\w -]+"|'[\w -]+'))*""", re.ASCII)
_LENGTH = r"-?\d{1,3}(?:\.\d{1,2})?(?:px|rem|em)?"
_SHADOW = re.compile(rf"none|{_LENGTH}(?: {_LENGTH}){{1,3}} #(?:[0-9a-f]{{3,4}}|[0-9a-f]{{6}}|[0-9a-f]{{8}})")
OTHER_VARIABLES = {"font": _FONT, "font-code": _FONT, "shadow": _SHADOW}
_CHOICES = {"theme": THEMES, "position": POSITIONS, "icon": ICONS}
_NUMBERS = {"radius": MOST_RADIUS, "offset_x": MOST_OFFSET, "offset_y": MOST_OFFSET}
_TEXTS = {"icon_text": LONGEST_ICON_TEXT, "label": LONGEST_LABEL}

Look = dict[str, Any]
Problem = tuple[str, str]  # the field of the form, and the sentence


def look_of(site: Any) -> Look:
    """What a page needs to draw a site's chat and its launcher, with nothing left out.

    ``light`` and ``dark`` are CSS variables by name (``--atrium-accent``, ``--atrium-radius``, ...), which ``theme``
    chooses from; ``offset_x`` and ``offset_y`` are pixels from the side that ``position`` names, and from below;
    ``icon`` is one of ``ICONS``, whose path is ``icon_path``; ``icon_text`` stands in its place where there is one, and
    ``label`` beside it.
    The first of ``languages`` is for visitors who speak none of them; empty means all that there are.
    """
    return {**_drawn(json.dumps(site.look or {}, sort_keys=True)), "languages": list(site.languages)}


def style_of(look: Mapping[str, Any], selector: str = ":root", only: Collection[str] = ()) -> str:
    """A style sheet that sets the variables of ``look_of``, or ``only`` some of them, as the theme says. All values in
    it were checked."""
    rules = {}
    for scheme in SCHEMES:
        variables = (f"{name}:{value};" for name, value in look[scheme].items() if not only or name in only)
        rules[scheme] = f"{selector}{{{''.join(variables)}}}"
    theme = look["theme"]
    if theme != "auto":
        return f"{selector}{{color-scheme:{theme}}}{rules[theme]}"
    return f"{selector}{{color-scheme:light dark}}{rules['light']}@media (prefers-color-scheme:dark){{{rules['dark']}}}"


def checked_look(look: Mapping[str, Any]) -> Look:
    """A look as it is stored. Raises ``InvalidInput`` with the first thing that is wrong in it."""
    found, problems = read_look(look)
    for field, sentence in [*problems, *theme_problems(found)]:
        raise InvalidInput(sentence, field=field)
    return found


def read_look(look: Mapping[str, Any]) -> tuple[Look, list[Problem]]:
    """A look as it is stored, without what is wrong in it, and what that is."""
    unknown = look.keys() - {*DEFAULTS, *SCHEMES, "variables"}
    found, problems = {}, [("look", f"A look has no {', '.join(sorted(unknown))}.")] if unknown else []
    for name in DEFAULTS:
        value = look.get(name, DEFAULTS[name])
        problem = _problem(name, value)
        if problem:
            problems.append((name, problem))
        elif value != DEFAULTS[name]:
            found[name] = value.strip() if isinstance(value, str) else value
    for scheme in SCHEMES:
        found[scheme] = dict(_colours(look, scheme, problems))
    found["variables"] = {scheme: dict(_variables(look, scheme, problems)) for scheme in SCHEMES}
    return found, problems


def theme_problems(look: Mapping[str, Any]) -> Iterator[Problem]:
    """What cannot be read in the themes that the look has: for each, the field that mends it and a sentence."""
    for scheme, colours in _palettes(look).items():
        if look.get("theme", "auto") in ("auto", scheme):
            for each in unreadable(scheme, colours):
                own = f"{scheme}_{each.name}" if each.name in CHOSEN else f"{scheme}_variables"
                yield (f"{scheme}_accent" if each.name == "on-accent" else own), each.sentence


def _problem(name: str, value: Any) -> str | None:
    if name in _CHOICES:
        return None if value in _CHOICES[name] else f"Choose one of {', '.join(_CHOICES[name])}."
    if name in _NUMBERS:
        right = type(value) is int and 0 <= value <= _NUMBERS[name]
        return None if right else f"Give a whole number of pixels from 0 to {_NUMBERS[name]}."
    right = isinstance(value, str) and len(value.strip()) <= _TEXTS[name] and (value.isprintable() or not value)
    return None if right else f"Give a text of at most {_TEXTS[name]} characters."


def _colours(look: Mapping[str, Any], scheme: str, problems: list[Problem]) -> Iterator[tuple[str, str]]:
    for name, value in _mapping(look.get(scheme)).items():
        colour = as_colour(str(value))
        if name in CHOSEN and colour:
            yield name, colour
        elif name not in CHOSEN:
            problems.append(("look", f"The {scheme} theme has no colour {str(name)[:50]!r}: {', '.join(CHOSEN)}."))
        elif value:
            problems.append((f"{scheme}_{name}", f"{str(value)[:50]!r} is no colour such as #0b6a5d."))


def _variables(look: Mapping[str, Any], scheme: str, problems: list[Problem]) -> Iterator[tuple[str, str]]:
    allowed = {f"--atrium-{each}": each for each in (*COLOUR_VARIABLES, *OTHER_VARIABLES)}
    for variable, given in _mapping(_mapping(look.get("variables")).get(scheme)).items():
        value, name = str(given).strip(), allowed.get(variable)
        colour = as_colour(value) if name in COLOUR_VARIABLES else None
        if name is None:
            said = f"{str(variable)[:50]!r} is none of the variables that can be set: {', '.join(allowed)}."
        elif name in COLOUR_VARIABLES and colour is None:
            said = f"{variable} is a colour such as #566059, not {value[:50]!r}."
        elif name in OTHER_VARIABLES and (len(value) > LONGEST_VALUE or not OTHER_VARIABLES[name].fullmatch(value)):
            example = "0 8px 24px #00000022, or none" if name == "shadow" else 'Inter, "Open Sans", sans-serif'
            said = f"{variable} is written like {example}."
        else:
            yield variable, colour or value
            continue
        problems.append((f"{scheme}_variables", said))


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def _palettes(look: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """All colours of both schemes."""
    chosen = {}
    for scheme in SCHEMES:
        set_here = _mapping(look.get("variables")).get(scheme, {})
        named = {name: set_here.get(f"--atrium-{name}") for name in COLOUR_VARIABLES}
        chosen[scheme] = {**look.get(scheme, {}), **{name: value for name, value in named.items() if value}}
    return {scheme: palette(scheme, chosen[scheme], chosen["light"]) for scheme in SCHEMES}


@lru_cache(maxsize=256)
def _drawn(stored: str) -> Look:
    """From JSON, as the same look is drawn again and again, and colours are searched for."""
    look, _ = read_look(json.loads(stored))
    drawn = {name: look.get(name, default) for name, default in DEFAULTS.items()}
    drawn["icon_path"] = ICONS[drawn["icon"]]
    for scheme, colours in _palettes(look).items():
        variables = {f"--atrium-{name}": value for name, value in colours.items()}
        drawn[scheme] = {**variables, **look["variables"][scheme], "--atrium-radius": f"{drawn['radius']}px"}
    return drawn
