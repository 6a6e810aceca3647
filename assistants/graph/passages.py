"""Retrieved passages as text inside a system message, and back.

The form is small XML that models read well and that the offline model and the tests can read back exactly::

    <passages>
    <passage number="1" title="Handbook" heading="Money &gt; Refunds">
    text
    </passage>
    </passages>

A document is written by strangers, so no text of it may close its passage or open another one: a ``<``
before ``passage``, ``/passage``, ``passages`` ... becomes ``&lt;``. Only those are escaped, as code and
formulas in a passage should reach the model as they are. Pure functions; no Django.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass

from langchain_core.documents import Document

# What may follow a "<" (or an already escaped one) to make it one of our tags, however sloppily it is
# written. The possessive quantifiers keep a long run of blanks linear: an uploaded text must not slow the
# prompt down.
_TAG_REST = r"(?=\s*+/?\s*+(?i:passage))"
_TAG_START = re.compile("<" + _TAG_REST)
_ESCAPED_TAG_START = re.compile("&((?:amp;)*)lt;" + _TAG_REST)

_OPENING = "<passages>"
_CLOSING = "</passages>"
_PASSAGE = re.compile(r'<passage((?: [a-z]+="[^"<>]*")*)>\n(.*?)\n</passage>', re.DOTALL)
_ATTRIBUTE = re.compile(r' ([a-z]+)="([^"<>]*)"')
_NUMBER = re.compile(r"[0-9]{1,9}")
_LINE_BREAKS = {"\n": "&#10;", "\r": "&#13;"}


@dataclass(frozen=True)
class ParsedPassage:
    """One passage as it stands in a prompt.

    Attributes
    ----------
    number
        What a citation marker ``[n]`` in the answer refers to; 1 or more.
    title
        Title of the document; may be empty.
    heading
        Path of headings above the passage, such as ``"Money > Refunds"``; may be empty.
    text
        The passage itself.
    """

    number: int
    title: str
    heading: str
    text: str


def format_passages(documents: Iterable[Document]) -> str:
    """Write documents as one ``<passages>`` block.

    Parameters
    ----------
    documents
        Retrieved passages, best first. Read from ``metadata``: ``number`` (without one, the position from
        1), ``title`` and ``heading`` (both may be missing or None).

    Returns
    -------
    str
        The block. It is empty of passages, but there, when nothing was retrieved: "searched and found
        nothing" is something else than "did not search".
    """
    passages = [_format_passage(document, position) for position, document in enumerate(documents, start=1)]
    return "\n".join([_OPENING, *passages, _CLOSING])


def parse_passages(text: str) -> list[ParsedPassage]:
    """Read the passages that `format_passages` wrote, wherever they stand in ``text``, in their order.

    Anything else in ``text`` is passed over, as is a passage without a number. Never raises.
    """
    passages = []
    for attributes, body in _PASSAGE.findall(text):
        values = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(attributes)}
        number = values.get("number", "")
        if _NUMBER.fullmatch(number):
            heading = values.get("heading", "")
            passages.append(ParsedPassage(int(number), values.get("title", ""), heading, _restore(body)))
    return passages


def holds_passages(text: str) -> bool:
    """Whether ``text`` holds a ``<passages>`` block, be it an empty one."""
    start = text.find(_OPENING + "\n")
    return start >= 0 and text.find(_CLOSING, start) > start


def _format_passage(document: Document, position: int) -> str:
    metadata = document.metadata
    attributes = {
        "number": str(metadata.get("number") or position),
        "title": str(metadata.get("title") or ""),
        "heading": str(metadata.get("heading") or ""),
    }
    written = "".join(f' {name}="{_attribute(value)}"' for name, value in attributes.items())
    return f"<passage{written}>\n{_neutralise(document.page_content)}\n</passage>"


def _attribute(value: str) -> str:
    escaped = html.escape(value, quote=True)
    for line_break, reference in _LINE_BREAKS.items():
        escaped = escaped.replace(line_break, reference)
    return escaped


def _neutralise(text: str) -> str:
    """Escape what could be read as one of our tags; one more ``amp;`` where the text has it escaped
    already.
    """
    deeper = _ESCAPED_TAG_START.sub(lambda found: f"&amp;{found[1]}lt;", text)
    return _TAG_START.sub("&lt;", deeper)


def _restore(text: str) -> str:
    def one_level_up(found: re.Match[str]) -> str:
        amps = found[1]
        return f"&{amps.removeprefix('amp;')}lt;" if amps else "<"

    return _ESCAPED_TAG_START.sub(one_level_up, text)
