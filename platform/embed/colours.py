"""Colours: read, compared, mixed, and moved until they can be read. Pure.

Contrast is that of WCAG 2.2 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio); colours are mixed and moved in OKLab
(https://bottosson.github.io/posts/oklab/), as ``color-mix(in oklab, ...)`` does in the chat's style sheets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

Numbers = tuple[float, float, float]

_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})")
_STEPS = 500  # of lightness that are tried


def as_colour(text: str) -> str | None:
    """What a person has typed, as ``#rrggbb``; None for what is no colour in hexadecimal."""
    typed = text.strip().lower()
    if not _HEX.fullmatch(typed):
        return None
    return typed if len(typed) == 7 else "#" + "".join(2 * digit for digit in typed[1:])


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def least_contrast(colour: str, others: Iterable[str]) -> float:
    """The contrast to that of the others which it stands out from least."""
    return min(contrast(colour, other) for other in others)


def mixed(colour: str, share: float, other: str) -> str:
    """``share`` (0 to 1) of one colour in another, as ``color-mix(in oklab, colour share, other)``."""
    one, two = _to_lab(colour), _to_lab(other)
    return _from_lab(tuple(share * a + (1 - share) * b for a, b in zip(one, two, strict=True)))  # type: ignore[arg-type]


def nearest(colour: str, others: Sequence[str], ratio: float) -> str | None:
    """The colour of the same hue that is nearest in lightness and has the contrast to all others; None if none has."""
    if least_contrast(colour, others) >= ratio:
        return colour
    lightness, a, b = _to_lab(colour)
    for each in sorted((step / _STEPS for step in range(_STEPS + 1)), key=lambda each: abs(each - lightness)):
        # Paler towards white, duller towards black: there is no strong colour next to them.
        room = (1 - each) / (1 - lightness) if each > lightness else each / max(lightness, 1e-9)
        strength = room**0.5
        found = _from_lab((each, a * strength, b * strength))
        if least_contrast(found, others) >= ratio:
            return found
    return None


def _luminance(colour: str) -> float:
    red, green, blue = map(_linear, _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(colour: str) -> Numbers:
    return tuple(int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))  # type: ignore[return-value]


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _gamma(channel: float) -> float:
    channel = min(1.0, max(0.0, channel))
    return 12.92 * channel if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055


def _to_lab(colour: str) -> Numbers:
    red, green, blue = map(_linear, _channels(colour))
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _from_lab(lab: Numbers) -> str:
    """The nearest that a screen can show, each channel for itself."""
    lightness, a, b = lab
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    channels = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return "#" + "".join(f"{round(255 * _gamma(each)):02x}" for each in channels)
