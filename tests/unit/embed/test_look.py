"""A site's look: what may be chosen, what is derived from it, and that it can be read."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embed.colours import as_colour, contrast, least_contrast, mixed, nearest
from embed.languages import as_language
from embed.look import checked_look, look_of, read_look, style_of, theme_problems
from embed.palette import OWN, SCHEMES, TEXT
from tenants.errors import InvalidInput

EMBED = Path(__file__).parents[3] / "platform/embed"
COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def drawn(**look: Any) -> dict[str, Any]:
    return look_of(SimpleNamespace(look=look, languages=["de"]))


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)
    assert [as_colour(each) for each in (" #0BC ", "red", "#12345", "#12345678", "")] == ["#00bbcc", *[None] * 4]
    assert mixed("#ff0000", 1, "#00ff00") == "#ff0000"


def test_the_chats_own_colours_are_those_of_its_style_sheet():
    sheets = list(EMBED.rglob("theme.css"))
    assert sheets
    for sheet in sheets:
        light, dark = sheet.read_text().split("prefers-color-scheme: dark", 1)
        for scheme, text in (("light", light), ("dark", dark)):
            found = {name: as_colour(value) for name, value in re.findall(r"--atrium-([a-z-]+): (#[0-9a-f]+);", text)}
            assert OWN[scheme] == found, sheet


def test_without_a_choice_it_is_the_chats_own():
    look = drawn()
    for scheme in SCHEMES:
        assert {name: look[scheme][f"--atrium-{name}"] for name in OWN[scheme]} == OWN[scheme]
        assert look[scheme]["--atrium-radius"] == "14px"
    assert (look["theme"], look["position"], look["icon"], look["label"]) == ("auto", "right", "chat", "")
    assert look["languages"] == ["de"]
    assert checked_look({}) == {"light": {}, "dark": {}, "variables": {"light": {}, "dark": {}}}


def test_one_accent_makes_both_themes():
    look = drawn(light={"accent": "#1a237e"})
    assert look["light"]["--atrium-accent"] == "#1a237e"
    dark = look["dark"]
    assert least_contrast(dark["--atrium-accent"], [dark["--atrium-ground"], dark["--atrium-surface"]]) >= TEXT
    assert contrast(dark["--atrium-accent"], dark["--atrium-on-accent"]) >= TEXT
    assert drawn(light={"accent": "#FC0"})["light"]["--atrium-on-accent"] == "#000000"


@settings(max_examples=40, deadline=None)
@given(COLOURS, st.lists(COLOURS, min_size=1, max_size=3), st.sampled_from([3.0, 4.5]))
def test_the_nearest_colour_passes_where_there_is_one(colour, others, ratio):
    found = nearest(colour, others, ratio)
    if found is None:
        assert least_contrast("#000000", others) < ratio
        assert least_contrast("#ffffff", others) < ratio
    else:
        assert least_contrast(found, others) >= ratio
    if least_contrast(colour, others) >= ratio + 0.1:
        assert found is not None
        assert contrast(found, colour) < 1.05  # what passes is left alone


@settings(max_examples=40, deadline=None)
@given(COLOURS)
def test_an_accent_that_is_taken_can_be_read_everywhere(accent):
    look = {"light": {"accent": accent}}
    problems = dict(theme_problems(read_look(look)[0]))
    if not problems:
        for scheme in SCHEMES:
            colours = drawn(**look)[scheme]
            for on in ("ground", "surface", "on-accent"):
                assert contrast(colours["--atrium-accent"], colours[f"--atrium-{on}"]) >= TEXT
    else:
        assert problems.keys() == {"light_accent"}
        [mended] = re.findall(r"nearest colour that passes is (#\w+)\.", problems["light_accent"])
        assert dict(theme_problems(read_look({"light": {"accent": mended}})[0])) == {}


@pytest.mark.parametrize(
    ("look", "field", "said"),
    [
        ({"light": {"accent": "#ffcc00"}}, "light_accent", r"accent colour \(#ffcc00\) on the background"),
        ({"dark": {"accent": "#222266"}}, "dark_accent", "In the dark theme"),
        ({"light": {"text": "#888888"}}, "light_text", r"contrast of 3\.3\d?:1 and needs 4\.5:1"),
        ({"theme": "dark", "dark": {"text": "#888888"}}, "dark_text", "In the dark theme, the text"),
        ({"variables": {"light": {"--atrium-muted": "#aaa"}}}, "light_variables", "the quiet text"),
        ({"variables": {"dark": {"--atrium-line-strong": "#222"}}}, "dark_variables", "needs 3:1"),
        ({"variables": {"light": {"--atrium-on-accent": "#0b6a5d"}}}, "light_accent", "text on the accent"),
        ({"light": {"accent": "red"}}, "light_accent", "'red' is no colour"),
        ({"light": {"border": "#000"}}, "look", "no colour 'border'"),
        ({"radius": 33}, "radius", "from 0 to 32"),
        ({"radius": "8"}, "radius", "whole number"),
        ({"offset_x": True}, "offset_x", "whole number"),
        ({"position": "top"}, "position", "right, left"),
        ({"icon": "<svg>"}, "icon", "Choose one of chat"),
        ({"icon_text": "Help!"}, "icon_text", "at most 4"),
        ({"label": "a\nb"}, "label", "at most 40"),
        ({"style": "x"}, "look", "no style"),
        ({"variables": {"light": {"--other": "#000"}}}, "light_variables", "none of the variables"),
    ],
)
def test_what_cannot_be_is_said_at_its_field(look, field, said):
    with pytest.raises(InvalidInput) as refused:
        checked_look(look)
    assert refused.value.facts["errors"][0]["field"] == field
    assert re.search(said, refused.value.detail)


@pytest.mark.parametrize(
    "value",
    [
        *("url(https://evil.example)", "red;}body{display:none", "expression(alert(1))", "var(--x)", "a{", "}", "a;b"),
        *('"a', "a\\22", "@import x", "/* */", "a\nb", "<b>", "x" * 201, "", "a,", "image-set('x')", "attr(href)"),
    ],
)
@pytest.mark.parametrize("name", ["--atrium-font", "--atrium-shadow", "--atrium-muted"])
def test_no_value_of_a_variable_leaves_its_place(name, value):
    if name == "--atrium-font" and value == "":
        return
    found, problems = read_look({"variables": {"light": {name: value}}})
    assert problems
    assert found["variables"]["light"] == {}


def test_what_may_be_set_is_drawn_where_it_was_set():
    set_here = {"--atrium-font": 'Inter, "Open Sans", sans-serif', "--atrium-shadow": "0 8px 24px #00000022"}
    look = drawn(theme="light", radius=4, variables={"light": {**set_here, "--atrium-muted": "#444"}})
    assert look["light"].items() >= {**set_here, "--atrium-muted": "#444444", "--atrium-radius": "4px"}.items()
    assert "--atrium-font" not in look["dark"]
    assert "prefers-color-scheme" not in style_of(look)
    assert style_of(drawn()).count("--atrium-accent:") == 2
    assert look["light"]["--atrium-accent"] != drawn(light={"accent": "#000"})["light"]["--atrium-accent"]


def test_a_look_that_was_stored_wrong_is_drawn_without_what_is_wrong():
    look = drawn(theme="</style>", radius=9999, light={"accent": "url(x)"}, variables="x", dark=None)
    assert (look["theme"], look["light"]) == ("auto", drawn()["light"])


def test_languages_are_written_as_usual():
    assert [as_language(each) for each in ("DE", "pt_br", "zh-hant-tw", "es-419")] == [
        *("de", "pt-BR", "zh-Hant-TW", "es-419")
    ]
    for wrong in ("", "german", "d", "de-", "de;x"):
        with pytest.raises(InvalidInput):
            as_language(wrong)
