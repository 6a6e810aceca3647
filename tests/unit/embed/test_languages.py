"""Which language a page is written in: what the reader wants, among those that there are and that a site allows."""

from __future__ import annotations

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from embed.languages import choose, is_right_to_left
from embed.translations import language_for

KNOWN = ("en", "ar", "de", "pt", "zh")


@pytest.mark.parametrize(
    ("wanted", "allowed", "found"),
    [
        (["de-AT", "en"], [], ("de", "de-AT")),
        (["pt_BR"], [], ("pt", "pt-BR")),
        (["nl", "ar-EG"], [], ("ar", "ar-EG")),
        (["nl"], [], ("en", "en")),
        ([], [], ("en", "en")),
        (["de", "pt"], ["pt-PT", "ar"], ("pt", "pt")),
        (["de"], ["zh", "ar"], ("zh", "zh")),
        (["de"], ["nl"], ("en", "en")),
        (["", "*", "de<script>", "de-", "x" * 300, "DE"], [], ("de", "DE")),
    ],
)
def test_the_first_language_that_the_reader_wants_and_the_site_allows_is_chosen(wanted, allowed, found):
    assert choose(wanted, allowed, KNOWN) == found


@given(st.lists(st.text(max_size=12)), st.lists(st.sampled_from(["de", "pt-BR", "nl", "zh"])))
def test_whatever_is_wanted_a_language_that_there_is_comes_of_it(wanted, allowed):
    tag, locale = choose(wanted, allowed, KNOWN)
    assert tag in KNOWN
    assert locale.isascii()


def test_the_page_around_a_frame_goes_before_what_the_browser_speaks():
    request = RequestFactory().get("/", headers={"Accept-Language": "fr;q=0.5, de-AT, *;q=0.1"})
    assert language_for(request).config == {"words": "/static/embed/dist/locales/de.js", "locale": "de-at"}
    around = language_for(request, (), "ar-EG")
    assert (around.tag, around.direction, around.locale) == ("ar", "rtl", "ar-EG")
    assert around.said["noScript"] != language_for(request, ["fr"]).said["noScript"]
    assert is_right_to_left("he-IL")
    assert not is_right_to_left("hi")
