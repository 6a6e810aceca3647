"""Small documents of each kind, made by code: what an office suite would write, and nothing more."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_P = "http://schemas.openxmlformats.org/presentationml/2006/main"
_A = "http://schemas.openxmlformats.org/drawingml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_OFFICE = "application/vnd.openxmlformats-officedocument"


def zipped(files: Mapping[str, str | bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of the files, in their order."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression, compresslevel=1) as archive:
        for name, content in files.items():
            archive.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else compression)
    return made.getvalue()


def docx(*blocks: str | Sequence[Sequence[str]], extra: Mapping[str, str | bytes] | None = None) -> bytes:
    """A Word file. A block "# A" is a heading of level 1, "## B" of level 2; a list of rows is a table."""
    body = "".join(_table(block) if not isinstance(block, str) else _paragraph(block) for block in blocks)
    return docx_of(f'<w:document xmlns:w="{_W}"><w:body>{body}</w:body></w:document>', extra)


def docx_of(document: str, extra: Mapping[str, str | bytes] | None = None) -> bytes:
    """A Word file whose main part is ``document``."""
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="Heading{level}"><w:name w:val="heading {level}"/></w:style>'
        for level in range(1, 4)
    )
    return zipped(
        {
            "[Content_Types].xml": _types(
                {
                    "/word/document.xml": f"{_OFFICE}.wordprocessingml.document.main+xml",
                    "/word/styles.xml": f"{_OFFICE}.wordprocessingml.styles+xml",
                }
            ),
            "_rels/.rels": _relations({"rId1": ("officeDocument", "word/document.xml")}),
            "word/_rels/document.xml.rels": _relations({"rId1": ("styles", "styles.xml")}),
            "word/styles.xml": f'{_DECLARATION}<w:styles xmlns:w="{_W}">{styles}</w:styles>',
            "word/document.xml": _DECLARATION + document,
            **(extra or {}),
        }
    )


def xlsx(sheets: Mapping[str, Sequence[Sequence[object]]], extra: Mapping[str, str | bytes] | None = None) -> bytes:
    """An Excel file: rows by sheet. A text that begins with "=" is a formula without a stored value."""
    names = list(sheets)
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": _types(
            {
                "/xl/workbook.xml": f"{_OFFICE}.spreadsheetml.sheet.main+xml",
                **{
                    f"/xl/worksheets/sheet{number}.xml": f"{_OFFICE}.spreadsheetml.worksheet+xml"
                    for number, _ in enumerate(names, 1)
                },
            }
        ),
        "_rels/.rels": _relations({"rId1": ("officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": f'{_DECLARATION}<workbook xmlns="{_S}" xmlns:r="{_R}"><sheets>'
        + "".join(
            f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"/>'
            for number, name in enumerate(names, 1)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _relations(
            {f"rId{number}": ("worksheet", f"worksheets/sheet{number}.xml") for number, _ in enumerate(names, 1)}
        ),
    }
    for number, name in enumerate(names, 1):
        rows = "".join(_sheet_row(place, row) for place, row in enumerate(sheets[name], 1))
        parts[f"xl/worksheets/sheet{number}.xml"] = (
            f'{_DECLARATION}<worksheet xmlns="{_S}"><sheetData>{rows}</sheetData></worksheet>'
        )
    return zipped({**parts, **(extra or {})})


def pptx(*slides: Sequence[str]) -> bytes:
    """A PowerPoint file: each slide's title and its further texts."""
    numbers = range(1, len(slides) + 1)
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": _types(
            {
                "/ppt/presentation.xml": f"{_OFFICE}.presentationml.presentation.main+xml",
                **{f"/ppt/slides/slide{number}.xml": f"{_OFFICE}.presentationml.slide+xml" for number in numbers},
            }
        ),
        "_rels/.rels": _relations({"rId1": ("officeDocument", "ppt/presentation.xml")}),
        "ppt/presentation.xml": f'{_DECLARATION}<p:presentation xmlns:p="{_P}" xmlns:r="{_R}"><p:sldIdLst>'
        + "".join(f'<p:sldId id="{255 + number}" r:id="rId{number}"/>' for number in numbers)
        + "</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": _relations(
            {f"rId{number}": ("slide", f"slides/slide{number}.xml") for number in numbers}
        ),
    }
    for number, (title, *texts) in zip(numbers, slides, strict=True):
        shapes = _shape(2, "title", title) + "".join(_shape(place, "body", text) for place, text in enumerate(texts, 3))
        parts[f"ppt/slides/slide{number}.xml"] = (
            f'{_DECLARATION}<p:sld xmlns:p="{_P}" xmlns:a="{_A}"><p:cSld><p:spTree>'
            '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
            f"{shapes}</p:spTree></p:cSld></p:sld>"
        )
    return zipped(parts)


def epub(title: str, *chapters: str, extra: Mapping[str, str | bytes] | None = None) -> bytes:
    """An EPUB whose chapters are bodies of XHTML."""
    names = [f"chapter{number}.xhtml" for number, _ in enumerate(chapters, 1)]
    manifest = "".join(f'<item id="{name[:-6]}" href="{name}" media-type="application/xhtml+xml"/>' for name in names)
    spine = "".join(f'<itemref idref="{name[:-6]}"/>' for name in names)
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": _DECLARATION
            + '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/>'
            "</rootfiles></container>",
            "OEBPS/content.opf": _DECLARATION
            + '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">'
            f'<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{escape(title)}</dc:title>'
            '<dc:identifier id="id">x</dc:identifier><dc:language>en</dc:language></metadata>'
            f"<manifest>{manifest}</manifest><spine>{spine}</spine></package>",
            **{
                f"OEBPS/{name}": f'{_DECLARATION}<html xmlns="http://www.w3.org/1999/xhtml"><head>'
                f"<title>{escape(title)}</title></head><body>{body}</body></html>"
                for name, body in zip(names, chapters, strict=True)
            },
            **(extra or {}),
        }
    )


def pdf(*pages: Sequence[tuple[int, str]], title: str = "", encrypted: bool = False, streams: bytes = b"") -> bytes:
    """A PDF: each page's lines as (size in points, text in Latin-1). ``streams`` is put in for the first page's."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for number, lines in enumerate(pages):
        drawn = streams if streams and not number else _drawn(lines)
        packed = b" /Filter /FlateDecode" if streams and not number else b""
        objects.append(b"<< /Length %d%s >>\nstream\n%s\nendstream" % (len(drawn), packed, drawn))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> >> >>" % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    trailer = b""
    if title:
        objects.append(b"<< /Title (%s) >>" % title.encode("latin-1"))
        trailer += b" /Info %d 0 R" % len(objects)
    if encrypted:  # with a password that nobody has
        objects.append(b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >>" % (b"41" * 32, b"42" * 32))
        trailer += b" /Encrypt %d 0 R /ID [<00112233> <00112233>]" % len(objects)
    return _assembled(objects, trailer)


def deflated(size: int, unit: bytes = b"0 0 m ") -> bytes:
    """A compressed stream that becomes ``size`` bytes of ``unit`` over and over. Its sum of check is not right."""
    packer = zlib.compressobj(9)
    block = unit * (2**20 // len(unit))
    first = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)  # and so would each further one be
    return first + again * (size // len(block)) + packer.flush()


def _drawn(lines: Sequence[tuple[int, str]]) -> bytes:
    place, drawn = 740, []
    for size, text in lines:
        shown = text.encode("latin-1").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
        drawn.append(b"BT /F1 %d Tf 72 %d Td (%s) Tj ET" % (size, place, shown))
        place -= size + 8
    return b"\n".join(drawn)


def _assembled(objects: Sequence[bytes], trailer: bytes) -> bytes:
    made, offsets = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, content in enumerate(objects, 1):
        offsets.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(made)
    made += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    made += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    made += b"trailer\n<< /Size %d /Root 1 0 R%s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start)
    return bytes(made)


def _paragraph(text: str) -> str:
    marks = len(text) - len(text.lstrip("#"))
    style = f'<w:pPr><w:pStyle w:val="Heading{marks}"/></w:pPr>' if marks else ""
    return f'<w:p>{style}<w:r><w:t xml:space="preserve">{escape(text[marks:].lstrip())}</w:t></w:r></w:p>'


def _table(rows: Sequence[Sequence[str]]) -> str:
    cells = ("".join(f"<w:tc>{_paragraph(cell)}</w:tc>" for cell in row) for row in rows)
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


def _sheet_row(number: int, row: Sequence[object]) -> str:
    return f'<row r="{number}">{"".join(_cell(number, place, value) for place, value in enumerate(row))}</row>'


def _cell(row: int, column: int, value: object) -> str:
    name = f"{_column(column)}{row}"
    if isinstance(value, str) and value.startswith("="):
        return f'<c r="{name}"><f>{escape(value[1:])}</f></c>'
    if isinstance(value, str):
        return f'<c r="{name}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c r="{name}"><v>{value}</v></c>'


def _column(number: int) -> str:
    letters = chr(65 + number % 26)
    return letters if number < 26 else _column(number // 26 - 1) + letters


def _shape(number: int, kind: str, text: str) -> str:
    paragraphs = "".join(f"<a:p><a:r><a:t>{escape(line)}</a:t></a:r></a:p>" for line in text.split("\n"))
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="{number}" name="{kind}"/><p:cNvSpPr/><p:nvPr><p:ph type="{kind}"/></p:nvPr>'
        f"</p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/>{paragraphs}</p:txBody></p:sp>"
    )


def _types(overrides: Mapping[str, str]) -> str:
    listed = "".join(f'<Override PartName="{part}" ContentType="{kind}"/>' for part, kind in overrides.items())
    return (
        f'{_DECLARATION}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{listed}</Types>'
    )


def _relations(targets: Mapping[str, tuple[str, str]]) -> str:
    listed = "".join(
        f'<Relationship Id="{key}" Type="{_R}/{kind}" Target="{target}"/>' for key, (kind, target) in targets.items()
    )
    return (
        f'{_DECLARATION}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f"{listed}</Relationships>"
    )
