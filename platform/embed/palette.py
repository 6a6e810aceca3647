"""The colours of a chat, from the few that an administrator has chosen; and which of them cannot be read. Pure.

The names are those of the style sheets' variables without ``--atrium-``. What is not chosen is the chat's own colour,
or the one nearest to it that can be read beside those that were chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from embed.colours import contrast, least_contrast, mixed, nearest

SCHEMES = ("light", "dark")
CHOSEN = ("accent", "ground", "surface", "text")  # what has a field of its own
TEXT, CONTROL = 4.5, 3.0  # WCAG 2.2, success criteria 1.4.3 and 1.4.11

OWN: Mapping[str, Mapping[str, str]] = {  # as in static/embed/theme.css
    "light": {
        **{"accent": "#0b6a5d", "on-accent": "#ffffff", "ground": "#f8f9f7", "surface": "#ffffff"},
        **{"side": "#eef1ed", "line": "#dbe0d9", "line-strong": "#828c86", "text": "#17211d"},
        **{"muted": "#566059", "danger": "#a8261c", "highlight": "#fdf0b8", "highlight-line": "#d3a51c"},
    },
    "dark": {
        **{"accent": "#5ec9b5", "on-accent": "#05231d", "ground": "#121716", "surface": "#1a2120"},
        **{"side": "#0d1211", "line": "#2a3432", "line-strong": "#6d7a75", "text": "#e4eae7"},
        **{"muted": "#9daaa4", "danger": "#ff9a8f", "highlight": "#423a16", "highlight-line": "#c9a634"},
    },
}
NAMES = {
    **{"accent": "accent colour", "on-accent": "text on the accent colour", "ground": "background"},
    **{"surface": "surface", "side": "side", "text": "text", "muted": "quiet text", "danger": "colour of errors"},
    **{"line-strong": "border of fields", "soft": "bubble of a question (some accent on the surface)"},
    "highlight": "highlighted passage",
}
PAIRS = (  # what is read or seen, on what, and how well it must stand out; what is to be mended comes first
    *(("text", on, TEXT) for on in ("ground", "surface", "side", "soft", "highlight")),
    *(("muted", on, TEXT) for on in ("ground", "surface", "side")),
    *(("accent", on, TEXT) for on in ("ground", "surface", "side", "soft")),  # links, numbers of sources, the focus
    ("on-accent", "accent", TEXT),
    *(("danger", on, TEXT) for on in ("ground", "surface")),
    *(("line-strong", on, CONTROL) for on in ("ground", "surface")),
)
SOFT = 0.13  # of the accent in a question's bubble
ROUNDS = 8  # of moving the accent away from its own bubble


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Two colours of a scheme that are too alike. ``passing`` is the nearest to the first that is not; None without."""

    scheme: str
    name: str
    on: str
    sentence: str
    passing: str | None


def palette(scheme: str, chosen: Mapping[str, str], light: Mapping[str, str]) -> dict[str, str]:
    """All colours of a scheme. ``chosen`` are those given for it; an accent that was given for ``light`` alone is used
    in the dark, too, as light as it must be to be read there."""
    own = OWN[scheme]
    colours = {**own, **chosen}
    grounds = [colours["ground"], colours["surface"]]
    if "ground" in chosen and "side" not in chosen:
        colours["side"] = mixed(colours["text"], 0.04, colours["ground"])
    grounds.append(colours["side"])
    if scheme == "dark" and "accent" not in chosen and "accent" in light:
        colours["accent"] = _readable_accent(light["accent"], grounds, colours["surface"]) or own["accent"]
    if "text" not in chosen:
        colours["text"] = _first((OWN[each]["text"] for each in (scheme, *SCHEMES)), grounds) or own["text"]
    if "highlight" not in chosen:
        marks = (OWN[each]["highlight"] for each in (scheme, *SCHEMES))
        colours["highlight"] = _first(marks, [colours["text"]]) or own["highlight"]
    readable = {"muted": TEXT, "danger": TEXT, "line-strong": CONTROL}
    for name in readable.keys() - chosen.keys():
        colours[name] = nearest(colours[name], grounds, readable[name]) or own[name]
    if "line" not in chosen and "surface" in chosen:
        colours["line"] = mixed(colours["text"], 0.14, colours["surface"])
    if "on-accent" not in chosen:
        best = (own["on-accent"], "#ffffff", "#000000")
        colours["on-accent"] = _first(best, [colours["accent"]]) or "#000000"  # one of the two always passes
    return colours


def _readable_accent(accent: str, grounds: Sequence[str], surface: str) -> str | None:
    """The nearest that can be read on all of them, and on the surface with some of itself in it."""
    found: str | None = accent
    for _ in range(ROUNDS):
        soft = mixed(found or accent, SOFT, surface)
        found = nearest(found or accent, [*grounds, soft], TEXT)
        if found is None or contrast(found, mixed(found, SOFT, surface)) >= TEXT:
            return found
    return None


def _first(colours: Iterable[str], grounds: Sequence[str]) -> str | None:
    """The first that can be read on all of them."""
    return next((each for each in colours if least_contrast(each, grounds) >= TEXT), None)


def unreadable(scheme: str, colours: Mapping[str, str]) -> Iterator[Unreadable]:
    """The pairs of a scheme that WCAG 2.2 does not pass, each once for what is read."""
    seen = {**colours, "soft": mixed(colours["accent"], SOFT, colours["surface"])}
    told = set()
    for name, on, ratio in PAIRS:
        found = contrast(seen[name], seen[on])
        if found >= ratio or name in told:
            continue
        told.add(name)
        others = [other for each, other, least in PAIRS if each == name and least == ratio]
        if name == "accent":
            passing = _readable_accent(seen[name], [seen[each] for each in others if each != "soft"], seen["surface"])
        else:
            passing = nearest(seen[name], [seen[each] for each in others], ratio)
        yield Unreadable(scheme, name, on, _sentence(scheme, name, on, seen, found, ratio, passing), passing)


def _sentence(
    scheme: str, name: str, on: str, seen: Mapping[str, str], found: float, ratio: float, passing: str | None
) -> str:
    what = f"In the {scheme} theme, the {NAMES[name]} ({seen[name]}) on the {NAMES[on]} ({seen[on]})"
    shown = int(found * 100) / 100  # never rounded up to what would pass
    said = f"{what} has a contrast of {shown:g}:1 and needs {ratio:g}:1."
    if passing is None:
        return f"{said} No shade of it can be read on all that it stands on: change those."
    return f"{said} The nearest colour that passes is {passing}."
