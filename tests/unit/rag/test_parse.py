"""Bytes become text with a title and headings."""

from __future__ import annotations

import pytest

from rag.exceptions import UnsupportedType
from rag.ingest.encodings import decode
from rag.ingest.kinds import HTML, MARKDOWN, PLAIN, guess_media_type
from rag.ingest.parse import parse


def headings_of(text: str) -> list[tuple[int, str]]:
    return [(heading.level, heading.title) for heading in parse(text.encode(), MARKDOWN).headings]


def test_the_first_heading_of_markdown_is_its_title():
    document = parse(b"Some words first.\n\n## The *real* `title` ##\n\nText.", MARKDOWN, "docs/a-file.md")
    assert document.title == "The real title"


def test_markdown_without_headings_is_called_by_its_file_name():
    assert parse(b"Only text.", MARKDOWN, "docs/release-notes.md").title == "release-notes"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# One\n## Two\n###### Six", [(1, "One"), (2, "Two"), (6, "Six")]),
        ("Title\n=====\n\nPart\n----", [(1, "Title"), (2, "Part")]),
        ("# C#\n# Closed #", [(1, "C#"), (1, "Closed")]),
        ("# [A link](https://example.com) here", [(1, "A link here")]),
        ("#hashtag\n####### seven", []),
        ("```sh\n# a comment\n```\n# After", [(1, "After")]),
        ("~~~\n# inside\n```\n# still inside\n~~~", []),
        ("one\ntwo\n---\nthree", []),
        ("| a | b |\n| --- | --- |", []),
        ("- item\n---", []),
        ("words\n\n---\n\nmore", []),
        ("words\n```\ncode\n```\n---", []),
    ],
)
def test_it_knows_a_markdown_heading_when_it_sees_one(text, expected):
    assert headings_of(text) == expected


def test_front_matter_is_neither_text_nor_heading():
    document = parse(b"---\ntitle: Machine\n---\n# People\n\nText.", MARKDOWN)
    assert document.text == "# People\n\nText."
    assert document.title == "People"


def test_a_heading_can_be_found_at_its_offsets():
    document = parse(b"Intro.\n\n# First\n\nText.\n\nSecond\n======\n", MARKDOWN)
    assert [document.text[each.start : each.end] for each in document.headings] == [
        "# First",
        "Second\n======",
    ]


def test_plain_text_is_called_by_its_file_name_or_else_by_its_first_line():
    assert parse(b"\n  A line\nmore", PLAIN, "notes/todo.txt").title == "todo"
    assert parse(b"\n  A line\nmore", PLAIN).title == "A line"


PAGE = b"""<!doctype html><html><head><title>Site &amp; name</title><style>p { color: red }</style></head>
<body><nav>Menu</nav><h1>Hello <em>you</em></h1><p>One   line<br>and another.</p>
<script>alert("no")</script><ul><li>first<li>second</ul>
<table><tr><th>Part<th>Price</tr><tr><td>Pump</td><td>12</td></tr></table>
<pre>  kept
    as is</pre><h2>Next</h2><p>Last.</p></body></html>"""


def test_html_becomes_readable_text():
    text = parse(PAGE, HTML).text
    assert "One line\nand another." in text
    assert "- first\n- second" in text
    assert "Part | Price\nPump | 12" in text
    assert "  kept\n    as is" in text
    assert "alert" not in text
    assert "color" not in text
    assert "Site" not in text


def test_html_has_its_headings_where_they_stand():
    document = parse(PAGE, HTML)
    assert [(each.level, each.title) for each in document.headings] == [(1, "Hello you"), (2, "Next")]
    assert [document.text[each.start : each.end] for each in document.headings] == ["Hello you", "Next"]


@pytest.mark.parametrize(
    ("page", "title"),
    [
        (b"<title>T</title><h2>H</h2>", "H"),
        (b"<title> T </title><p>x", "T"),
        (b"<p>x", "page"),
    ],
)
def test_html_is_called_by_its_heading_its_title_or_its_file_name(page, title):
    assert parse(page, HTML, "a/page.html").title == title


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Grüße €".encode(), "Grüße €"),
        ("Grüße".encode("utf-8-sig"), "Grüße"),
        ("Grüße".encode("utf-16"), "Grüße"),
        ("Grüße €".encode("cp1252"), "Grüße €"),
        (b"a\r\nb\rc", "a\nb\nc"),
        (b"a\x00b", "ab"),
        (b"", ""),
    ],
)
def test_it_finds_the_encoding_and_keeps_what_postgresql_can_store(raw, text):
    assert decode(raw) == text


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("a/b.MD", MARKDOWN), ("x.htm", HTML), ("x.txt", PLAIN), ("README", PLAIN), ("", PLAIN), ("a.log", PLAIN)],
)
def test_a_file_name_tells_one_text_from_another(name, media_type):
    assert guess_media_type(name) == media_type


def test_what_the_sender_says_goes_before_the_name():
    assert guess_media_type("notes.txt", "text/markdown; charset=utf-8") == MARKDOWN
    assert guess_media_type("notes.md", "text/plain") == MARKDOWN
    assert guess_media_type("notes.md", "application/octet-stream") == MARKDOWN


def test_a_type_without_a_parser_is_refused_with_what_can_be_read():
    with pytest.raises(UnsupportedType, match=r"application/zip cannot be read.*docx"):
        parse(b"PK", "application/zip")


@pytest.mark.parametrize("raw", [b"", b"   \n \n", b"\x00"])
@pytest.mark.parametrize("media_type", [MARKDOWN, PLAIN, HTML])
def test_an_empty_document_is_no_error(raw, media_type):
    assert parse(raw, media_type, "empty.md").text.strip() == ""


@pytest.mark.parametrize(
    "raw",
    [
        b"# " + b" " * 50_000 + b"x",
        b"# " + b"[" * 50_000,
        b"<" * 50_000,
        b"<h1>" * 20_000 + b"x",
        b"`" * 50_000,
    ],
)
@pytest.mark.parametrize("media_type", [MARKDOWN, HTML])
def test_a_malicious_line_is_read_like_any_other(raw, media_type):
    assert isinstance(parse(raw, media_type).title, str)
