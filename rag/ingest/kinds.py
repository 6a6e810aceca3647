"""What kind of file it is: by its bytes. The name only tells one sort of text from another."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import PurePosixPath

from rag.exceptions import DamagedDocument, DocumentTooComplex, EncryptedDocument, UnsupportedType

MARKDOWN, PLAIN, HTML = "text/markdown", "text/plain", "text/html"
CSV, JSON, PDF, EPUB = "text/csv", "application/json", "application/pdf", "application/epub+zip"
_OFFICE = "application/vnd.openxmlformats-officedocument"
DOCX = f"{_OFFICE}.wordprocessingml.document"
XLSX = f"{_OFFICE}.spreadsheetml.sheet"
PPTX = f"{_OFFICE}.presentationml.presentation"

MEDIA_TYPES = {
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".txt": PLAIN,
    ".text": PLAIN,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".csv": CSV,
    ".tsv": CSV,
    ".json": JSON,
    ".jsonl": JSON,
    ".ndjson": JSON,
    ".pdf": PDF,
    ".docx": DOCX,
    ".xlsx": XLSX,
    ".pptx": PPTX,
    ".epub": EPUB,
}
TEXTS = (MARKDOWN, PLAIN, HTML, CSV, JSON)

# How files begin that nobody can read here, and what a person calls them.
_UNREADABLE = (
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"8BPS", "a Photoshop picture"),
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a Linux program"),
    (b"\xcf\xfa\xed\xfe", "a macOS program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"(\xb5/\xfd", "a zstd archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"SQLite format 3\x00", "a database"),
    (b"PGDMP", "a database dump"),
    (b"ID3", "a sound"),
    (b"OggS", "a sound or a film"),
    (b"fLaC", "a sound"),
    (b"\x1aE\xdf\xa3", "a film"),
    (b"%!PS", "a PostScript file; save it as PDF"),
    (b"{\\rtf", "an RTF file; save it as docx or PDF"),
    (b"\x00asm", "a program"),
)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # Word, Excel and PowerPoint until 2003, and new ones with a password
_LOCKED_OLE = "EncryptedPackage".encode("utf-16-le")
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_MAIN_PARTS = (("word/", DOCX), ("xl/", XLSX), ("ppt/", PPTX))
_LARGEST_UNPACKED = 300 * 1024 * 1024  # bytes of an archive's files together
_MOST_FILES = 20_000  # in an archive


def readable() -> str:
    """The kinds of files that are read, for a person."""
    return "Readable are pdf, docx, pptx, xlsx, epub, html, md, txt, csv and json."


def check_beginning(content: bytes) -> None:
    """Raises ``UnsupportedType`` where the first bytes already say that nobody can read this. Costs nothing."""
    head = content[:4096]
    is_text = not _CONTROL.search(head)
    for beginning, what in _UNREADABLE:
        if head.startswith(beginning) and not (is_text and beginning.isalnum()):  # "ID3" may begin a sentence
            raise UnsupportedType(f"This file is {what}. {readable()}")
    if content[4:8] == b"ftyp":
        raise UnsupportedType(f"This file is a film, a sound or a picture. {readable()}")
    if content[:4] == b"RIFF" and content[8:12] in (b"WEBP", b"WAVE", b"AVI "):
        raise UnsupportedType(f"This file is a picture, a sound or a film. {readable()}")


def guess_media_type(name: str, told: str = "") -> str:
    """What the name, or whoever sent it, says. Plain text when that tells nothing."""
    extension = PurePosixPath(name).suffix.lower()
    plain_told = told.partition(";")[0].strip().lower()
    known = MEDIA_TYPES.get(extension)
    return plain_told if plain_told in MEDIA_TYPES.values() and plain_told != PLAIN else known or PLAIN


def media_type_of(content: bytes, name: str = "", told: str = "") -> str:
    """What the bytes are.

    Raises ``UnsupportedType``, ``EncryptedDocument``, ``DamagedDocument`` and ``DocumentTooComplex``.
    """
    check_beginning(content)
    if b"%PDF-" in content[:1024]:
        return PDF
    if content.startswith(_OLE):
        if _LOCKED_OLE in content:
            raise EncryptedDocument
        raise UnsupportedType("This is a file of Office 2003 or older. Save it as docx, xlsx, pptx or PDF.")
    if content.startswith(_ZIP):
        return _type_of_archive(content)
    return _type_of_text(content, guess_media_type(name, told))


def _type_of_archive(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = archive.infolist()
            _check_size(files)
            if any(file.flag_bits & 0x1 for file in files):
                raise EncryptedDocument
            names = {file.filename for file in files}
            if "mimetype" in names and archive.read("mimetype")[:100].strip() == EPUB.encode():
                return EPUB
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, ValueError, OSError, EOFError) as error:
        raise DamagedDocument from error
    if "[Content_Types].xml" in names:
        for beginning, media_type in _MAIN_PARTS:
            if any(name.startswith(beginning) for name in names):
                return media_type
    if "META-INF/container.xml" in names:
        return EPUB
    raise UnsupportedType(f"This is a zip archive. Unpack it and add its files. {readable()}")


def _check_size(files: list[zipfile.ZipInfo]) -> None:
    """An archive may say less than it holds; the limits of the process that reads it stop that one."""
    if len(files) > _MOST_FILES or sum(file.file_size for file in files) > _LARGEST_UNPACKED:
        raise DocumentTooComplex("This file unpacks to more than a document may have.")


def _type_of_text(content: bytes, guessed: str) -> str:
    """Text of some sort. A name that promises another kind of file, or none, is not believed."""
    head = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype html", b"<html")):
        return HTML
    if guessed in TEXTS:
        return guessed
    return HTML if guessed == EPUB and head.startswith(b"<") else PLAIN
