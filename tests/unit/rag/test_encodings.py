"""Text is read in the encoding that it was written in, whether it says so or not."""

# ruff: noqa: RUF001  (letters of other scripts are what this is about)

from __future__ import annotations

import pytest

from rag.exceptions import UnsupportedType
from rag.ingest.encodings import decode

RUSSIAN = "Привет, мир! Это обычный русский текст о насосах и о том, как их чинить."
JAPANESE = "これは日本語のテキストです。ポンプの修理について。"
KOREAN = "이것은 한국어 텍스트입니다. 펌프 수리에 대하여."
CHINESE = "这是一个中文的文本，我们在这里修理水泵，你可以用它。"
TRADITIONAL = "這是一個中文的文本，我們在這裡修理水泵，可以用它。"
GREEK = "Αυτό είναι ένα ελληνικό κείμενο για αντλίες και επισκευές."


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", RUSSIAN + CHINESE),
        ("utf-8-sig", "Grüße"),
        ("utf-16", JAPANESE),
        ("utf-16-le", "Grüße € and more"),
        ("utf-16-be", "Grüße € and more"),
        ("utf-32", "Grüße"),
        ("latin-1", "Grüße aus Köln, déjà vu, señor Öçü"),
        ("cp1252", "“Prix” : 12 € – naïve façade"),
        ("cp1251", RUSSIAN),
        ("koi8_r", RUSSIAN),
        ("shift_jis", JAPANESE),
        ("euc_jp", JAPANESE),
        ("euc_kr", KOREAN),
        ("gb18030", CHINESE),
        ("big5", TRADITIONAL),
        ("cp1253", GREEK),
    ],
)
def test_it_finds_the_encoding(encoding, text):
    assert decode(text.encode(encoding)) == text


def test_it_believes_what_a_page_says_of_itself():
    page = '<meta charset="iso-8859-2"><p>Zażółć gęślą jaźń</p>'
    assert decode(page.encode("iso-8859-2")) == page


@pytest.mark.parametrize("said", ["klingon", "utf-8", "rot13", "zip", "idna"])
def test_what_a_page_says_wrongly_does_no_harm(said):
    assert "Köln" in decode(f"<meta charset={said}> Köln".encode("cp1252"))


def test_half_a_character_at_the_end_does_not_change_the_encoding():
    assert decode(("é" * 3 + " " + "x" * 10).encode()[:-1]).startswith("ééé")


@pytest.mark.parametrize("raw", [bytes(range(256)) * 8, b"\x01\x02\x03\x04" * 50])
def test_bytes_that_are_no_text_are_refused(raw):
    with pytest.raises(UnsupportedType, match="not text"):
        decode(raw)
