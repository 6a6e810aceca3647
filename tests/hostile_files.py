"""Files that were made to do harm, or that went through harm, with what is to become of each: generated, never stored.

``expected`` is "ready" or the code of the reason for which it fails; several where more than one is right.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.office_files import deflated, docx, docx_of, epub, pdf, pptx, xlsx, zipped

MB = 1024 * 1024
DAMAGED, EMPTY, LOCKED, NO_TEXT = "damaged_document", "empty_document", "encrypted_document", "no_text"
COMPLEX, LONG, SLOW, UNKNOWN = "document_too_complex", "document_too_long", "document_too_slow", "unsupported_type"
READY = "ready"

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_PAGE = [(11, "The pump moves water.")]


@dataclass(frozen=True)
class Hostile:
    """A file called ``name``. ``not_in_text`` must not be found in what was read of it."""

    what: str
    name: str
    make: Callable[[], bytes]
    expected: tuple[str, ...]
    not_in_text: str = ""


def all_of_them() -> Iterator[Hostile]:
    """Each of them, fifty or so."""
    for what, name, make, expected, *forbidden in _CASES:
        codes = (expected,) if isinstance(expected, str) else expected
        yield Hostile(what, name, make, codes, *forbidden)


def _xml_bomb() -> bytes:
    """A billion laughs, in a Word file."""
    entities = '<!ENTITY a "lol">' + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12))
    return _with_doctype(entities, "&m;")


def _outside_entity() -> bytes:
    """A Word file that asks for a file of the machine that reads it."""
    return _with_doctype('<!ENTITY a SYSTEM "file:///etc/passwd">', "before &a; after")


def _with_doctype(entities: str, text: str) -> bytes:
    body = f"<w:document {_W}><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>"
    return docx_of(f"<!DOCTYPE x [{entities}]>{body}")


def _zip_that_lies() -> bytes:
    """A Word file whose directory says ten bytes where 100 MB are."""
    made = bytearray(docx_of(f"<w:document {_W}><w:body>" + " " * (100 * MB) + "</w:body></w:document>"))
    for signature, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        start = made.rfind(signature) if place == 24 else 0
        for found in _places(made, signature, start):
            if made[found : found + 4] == signature and b"word/document.xml" in made[found : found + 80]:
                made[found + place : found + place + 4] = struct.pack("<I", 10)
    return bytes(made)


def _places(content: bytearray, signature: bytes, start: int) -> Iterator[int]:
    found = content.find(signature)
    while found >= 0:
        yield found
        found = content.find(signature, found + 1)


def _locked_zip() -> bytes:
    """A Word file whose parts are flagged as encrypted."""
    made = bytearray(docx("Secret."))
    for signature, place in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        for found in _places(made, signature, 0):
            made[found + place] |= 1
    return bytes(made)


def _locked_office() -> bytes:
    """What Office makes of a document with a password: an old container with an encrypted package in it."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1000 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 3000


def _nested_zip(depth: int) -> bytes:
    inner = b"x" * 1000
    for _ in range(depth):
        inner = zipped({"inner.zip": inner})
    return inner


def _many_files() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for number in range(25_000):
            archive.writestr(f"word/{number}.xml", b"")
        archive.writestr("[Content_Types].xml", b"")
    return made.getvalue()


def _pdf_with_loop() -> bytes:
    """A page tree that is its own child."""
    return pdf(_PAGE).replace(b"/Kids [5 0 R]", b"/Kids [2 0 R]")


def _pdf_with_script() -> bytes:
    return pdf(_PAGE).replace(b"/Type /Catalog", b"/Type /Catalog /OpenAction << /S /JavaScript /JS (app.alert(1)) >>")


def _pdf_with_many_pages() -> bytes:
    return pdf(_PAGE).replace(b"/Count 1", b"/Count 2000000000")


def _scanned_pdf() -> bytes:
    """A page with a picture and no text."""
    return pdf([], streams=zlib.compress(b"q 612 0 0 792 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x80 EI Q"))


def _sheet_that_says_it_is_huge() -> bytes:
    """One cell at the last place of a sheet: a table that is filled up has 17 thousand million cells."""
    sheet = (
        '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
        "</sheetData></worksheet>"
    )
    return xlsx({"A": [["x"]]}, {"xl/worksheets/sheet1.xml": sheet})


def _deep_json() -> bytes:
    return b"[" * 200_000 + b"]" * 200_000


def _deep_html() -> bytes:
    return b"<html><body>" + b"<div>" * 200_000 + b"words"


_CASES: list[tuple[object, ...]] = [
    # Nothing there
    ("nothing at all", "a.txt", lambda: b"", EMPTY),
    ("white space", "a.md", lambda: b" \r\n\t" * 1000, EMPTY),
    ("null bytes alone", "a.txt", lambda: b"\0" * 5000, EMPTY),
    ("a mark of order alone", "a.txt", lambda: b"\xef\xbb\xbf", EMPTY),
    ("a page of tags", "a.html", lambda: b"<html><body><p></p><script>x()</script></body></html>", EMPTY),
    ("a Word file without words", "a.docx", lambda: docx(), (EMPTY, DAMAGED)),
    ("a sheet without cells", "a.xlsx", lambda: xlsx({"A": []}), (EMPTY, READY)),
    ("a PDF without text", "a.pdf", _scanned_pdf, NO_TEXT),
    # Locked
    ("a PDF with a password", "a.pdf", lambda: pdf(_PAGE, encrypted=True), LOCKED),
    ("a Word file with a password", "a.docx", _locked_office, LOCKED),
    ("a Word file of encrypted parts", "a.docx", _locked_zip, (LOCKED, DAMAGED)),
    # Damaged
    ("half a PDF", "a.pdf", lambda: pdf(_PAGE * 5)[:300], DAMAGED),
    ("a PDF's head", "a.pdf", lambda: b"%PDF-1.7\n", DAMAGED),
    ("half a Word file", "a.docx", lambda: docx("Words. " * 500)[:700], DAMAGED),
    ("a zip's head", "a.docx", lambda: b"PK\x03\x04" + b"\xff" * 500, DAMAGED),
    ("a Word file of broken XML", "a.docx", lambda: docx_of("<w:document><w:body><<<&&&"), (DAMAGED, EMPTY)),
    (
        "a Word file with flipped bytes",
        "a.docx",
        lambda: bytes(b ^ (i % 97 == 0) for i, b in enumerate(docx("Hi"))),
        (*(DAMAGED, EMPTY, UNKNOWN, READY),),
    ),
    ("JSON that does not end", "a.json", lambda: b'{"a": [1, 2', DAMAGED),
    ("quotes that do not end", "a.csv", lambda: b'a,b\n"1,2\n' + b"x,y\n" * 5000, (READY, DAMAGED)),
    ("a book without chapters", "a.epub", lambda: epub("Nothing"), (EMPTY, DAMAGED)),
    # Not what it says
    ("a picture called text", "a.txt", lambda: b"\x89PNG\r\n\x1a\n" + b"\0" * 100, UNKNOWN),
    ("a program called PDF", "a.pdf", lambda: b"MZ\x90\0" + b"\0" * 500, UNKNOWN),
    ("a Word file called PDF", "a.pdf", lambda: docx("# Pumps", "Water."), READY),
    ("a PDF called Word", "a.docx", lambda: pdf(_PAGE), READY),
    ("text called Word", "a.docx", lambda: b"Just words.", READY),
    ("a page called text", "a.txt", lambda: b"<!doctype html><p>Hi</p><script>evil()</script>", READY, "evil"),
    ("an old Word file", "a.doc", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000, UNKNOWN),
    ("an archive", "a.zip", lambda: zipped({"a.txt": "hello"}), UNKNOWN),
    ("archives in archives", "a.docx", lambda: _nested_zip(60), UNKNOWN),
    ("noise", "a.md", lambda: bytes((i * i * 7 + i // 3) % 256 for i in range(20_000)), UNKNOWN),
    # Bombs
    ("a PDF of 500 MB in 500 kB", "a.pdf", lambda: pdf(_PAGE, streams=deflated(500 * MB)), (COMPLEX, SLOW, DAMAGED)),
    ("a Word file of 310 MB", "a.docx", lambda: docx_of(" " * (310 * MB)), COMPLEX),
    ("a Word file that lies about its size", "a.docx", _zip_that_lies, (COMPLEX, DAMAGED, EMPTY)),
    ("a billion laughs", "a.docx", _xml_bomb, (DAMAGED, EMPTY, COMPLEX, READY), "lollollol"),
    ("25,000 parts", "a.docx", _many_files, COMPLEX),
    ("a sheet with a far cell", "a.xlsx", _sheet_that_says_it_is_huge, (READY, COMPLEX, DAMAGED, LONG)),
    ("twelve million letters", "a.txt", lambda: b"word " * 2_400_000, LONG),
    # Deep and long
    ("200,000 brackets", "a.json", _deep_json, (COMPLEX, DAMAGED)),
    ("200,000 divisions", "a.html", _deep_html, READY),
    (
        "200,000 elements of XML",
        "a.docx",
        lambda: docx_of(f"<w:document {_W}><w:body>" + "<w:p>" * 200_000),
        (*(DAMAGED, COMPLEX, EMPTY),),
    ),
    ("a line of two million letters", "a.txt", lambda: b"x" * 2 * MB, READY),
    ("a line of a million brackets", "a.md", lambda: b"# " + b"[" * MB, READY),
    ("a table of one huge row", "a.csv", lambda: b"a,b\n1," + b"y " * 300_000, READY),
    ("a table of 5,000 columns", "a.csv", lambda: b",".join([b"c"] * 5000), DAMAGED),
    ("100,000 quotes", "a.md", lambda: b">" * 100_000 + b" hi", READY),
    # What wants to be run, fetched or written
    ("a formula", "a.csv", lambda: b"name,sum\nx,=cmd|' /C calc'!A0\n", READY),
    ("a formula in a sheet", "a.xlsx", lambda: xlsx({"A": [["a", "b"], ["=WEBSERVICE(1)", 2]]}), READY),
    ("a script in a PDF", "a.pdf", _pdf_with_script, READY, "alert"),
    ("a file of this machine", "a.docx", _outside_entity, (READY, DAMAGED, EMPTY), "root:"),
    ("parts called ../..", "a.docx", lambda: docx("Water.", extra={"../../../tmp/atrium-was-here": b"x"}), READY),
    ("chapters called /etc", "a.epub", lambda: epub("B", "<p>Water.</p>", extra={"/etc/atrium": b"x"}), READY),
    ("a name like a path", "../../etc/passwd\0.txt", lambda: b"Just words.", READY),
    ("null bytes within", "a.md", lambda: b"# He\0ading\n\nwo\0rds", READY, "\0"),
    ("half of a pair of surrogates", "a.json", lambda: json.dumps({"a": "\ud800 words"}).encode(), READY, "\ud800"),
    ("a PDF that is its own child", "a.pdf", _pdf_with_loop, (NO_TEXT, DAMAGED, SLOW, EMPTY)),
    ("a PDF that says it has 2 billion pages", "a.pdf", _pdf_with_many_pages, (READY, NO_TEXT, DAMAGED)),
    ("slides", "a.pptx", lambda: pptx(("Pumps", "Water. <script>x</script>")), READY),
]
