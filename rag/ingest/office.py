"""PDF, Word, Excel, PowerPoint and EPUB files as Markdown, by kreuzberg.

Only in a process of its own (``rag.extraction``): a few kilobytes of PDF can become gigabytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from rag.exceptions import DamagedDocument, DocumentTooComplex, EncryptedDocument, NoTextInDocument
from rag.ingest.encodings import clean
from rag.ingest.kinds import PDF, PPTX, XLSX
from rag.ingest.markdown import parse_markdown
from rag.ingest.parsed import ParsedDocument

_ESCAPED = re.compile(r"\\([<>*_\[\]!~()-])")
_SLIDE = "ATRIUM-SLIDE-{page_num}-BEGINS"
_SLIDE_MARK = re.compile(r"\n*ATRIUM-SLIDE-(\d+)-BEGINS\n*")
_KEY_LENGTH = 40  # characters that a page's beginning is looked for by
_FARTHEST = 50_000  # characters ahead that it is looked for in
_TOO_LARGE = ("security", "zip bomb", "limit", "too large", "exceed")


def parse_office(content: bytes, media_type: str, fallback_title: str) -> ParsedDocument:
    """The text of an office file or PDF with headings, tables and pages.

    Raises ``EncryptedDocument``, ``DamagedDocument``, ``DocumentTooComplex``, ``NoTextInDocument``.
    """
    result = _extract(content, media_type)
    text = _ESCAPED.sub(r"\1", clean(result.content))
    pages: tuple[int, ...] = ()
    if media_type == PPTX:
        text, pages = _without_slide_marks(text)
    elif media_type == PDF:
        pages = _page_starts(text, (result.document or {}).get("nodes", ()), result.get_page_count())
    if not text.strip():
        _refuse_empty(media_type, result)
    told = str(result.metadata.get("title") or "").strip() if isinstance(result.metadata, Mapping) else ""
    title = "" if media_type == XLSX else told  # a sheet's name is no title of its file
    parsed = parse_markdown(text, fallback_title, front_matter=False)
    if media_type == XLSX:
        title = fallback_title
    return replace(parsed, title=clean(title or parsed.title), pages=pages)


def _extract(content: bytes, media_type: str) -> Any:
    import kreuzberg

    slides = kreuzberg.PageConfig(insert_page_markers=True, marker_format=f"\n\n{_SLIDE}\n\n")
    config = kreuzberg.ExtractionConfig(
        use_cache=False,  # its cache would keep a tenant's text in the home folder
        disable_ocr=True,  # type: ignore[call-arg]  # its stub lacks it
        enable_quality_processing=False,
        output_format="markdown",
        include_document_structure=media_type == PDF,
        pages=slides if media_type == PPTX else kreuzberg.PageConfig(extract_pages=media_type == PDF),
    )
    try:
        return kreuzberg.extract_bytes_sync(content, media_type, config=config)
    except MemoryError:
        raise
    except Exception as error:
        raise _refusal(str(error)) from error


def _refusal(said: str) -> Exception:
    said = said.lower()
    if "password" in said or "encrypt" in said:
        return EncryptedDocument()
    return DocumentTooComplex() if any(word in said for word in _TOO_LARGE) else DamagedDocument()


def _refuse_empty(media_type: str, result: Any) -> None:
    """A PDF whose pages hold pictures of writing looks empty; anything else that looks so is."""
    if media_type == PDF and result.get_page_count():
        raise NoTextInDocument


def _without_slide_marks(text: str) -> tuple[str, tuple[int, ...]]:
    """The text without the marks that its slides began with, and where they begin."""
    parts = _SLIDE_MARK.split("\n" + text)
    made, starts = parts[0].strip("\n"), list[int]()
    for number, slide in zip(parts[1::2], parts[2::2], strict=True):
        made = f"{made}\n\n" if made else made
        while len(starts) < int(number):
            starts.append(len(made))
        made += slide.rstrip("\n")
    return made, tuple(starts)


def _page_starts(text: str, nodes: Iterable[Mapping[str, Any]], page_count: int) -> tuple[int, ...]:
    """Where each page of a PDF begins: where what stands first on it is found in the text, in order."""
    starts, place, page = [0], 0, 1
    for node in nodes:
        of_page, said = node.get("page") or 0, _said(node)
        if of_page <= page or not said:
            continue
        found = text.find(said, place, place + _FARTHEST)
        if found < 0:
            continue  # the next piece of the page stands nearly there
        while page < of_page:
            starts.append(found)
            page += 1
        place = found
    return tuple(starts + [len(text)] * (page_count - page)) if page_count else ()


def _said(node: Mapping[str, Any]) -> str:
    """The beginning of a node's text, as far as it surely stands in the Markdown as it is."""
    text = str(node["content"].get("text") or "")
    return clean(text).split("\n", 1)[0][:_KEY_LENGTH].strip()
