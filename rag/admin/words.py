"""A document's state in words, for who looks after documents."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from rag.models import Document

_SAVE_ANEW = "Open it with the program it was made with, save it once more, and replace it below."
_SMALLER = "Split it into several documents, or simplify it, and add those."
_ADDRESS = "Look whether the address opens in a browser without signing in; then take it in anew."
WHAT_TO_DO = {
    "unsupported_type": "Save it as one of the kinds that can be read, pdf or docx say, and replace it below.",
    "empty_document": "Look whether it is the right file, and replace it below.",
    "no_text": "Run text recognition over it, or find the file that it was printed from, and replace it below.",
    "encrypted_document": "Save it without a password, and replace it below.",
    "damaged_document": _SAVE_ANEW,
    "document_too_long": _SMALLER,
    "document_too_complex": _SMALLER,
    "document_too_slow": _SMALLER,
    "reading_interrupted": "Take it in anew. If that fails, too, ask whoever runs this service.",
    "embedding_unavailable": "It is tried again by itself. If it stays so, look at the model provider.",
    "embedding_refused": "Look at the key and the name of the embedding model, then take it in anew.",
    **dict.fromkeys(
        ("address_refused", "url_unreachable", "url_too_slow", "url_too_large", "url_answered_with_error"), _ADDRESS
    ),
    "plan_limit_storage": "Delete what is not needed any more, or ask for a larger plan.",
    "internal_error": "Take it in anew. If that fails, too, ask whoever runs this service.",
    "cancelled": "Take it in anew when it is wanted after all.",
}
"""By the code of an error, which never changes (docs/reference/documents.md)."""


def what_to_do(document: Document) -> str:
    """The next step of somebody whose document was not taken in; "" where there is none."""
    return WHAT_TO_DO.get(document.error_code, "")


def note_of(document: Document) -> str:
    """Why it stands as it does, and what answers meanwhile."""
    said = document.error if document.status == Document.Status.FAILED else ""
    if document.status != Document.Status.READY and document.indexed_version:
        is_same = document.indexed_version == document.version
        old = "What was there before" if is_same else f"Version {document.indexed_version}"
        said += f" {old} answers{' until then' if document.status in Document.UNDER_WAY else ''}."
    return said.strip()


def state_tag(document: Document) -> SafeString:
    """The status, coloured, with its note. documents.js keeps it up to date while the document is in work."""
    return format_html(
        '<span class="console-state" data-document="{}" data-status="{}"{}>'
        '<span class="console-tag is-{}">{}</span><span class="console-state-note">{}</span></span>',
        document.pk,
        document.status,
        SafeString(" data-under-way") if document.status in Document.UNDER_WAY else "",
        document.status,
        document.get_status_display(),
        note_of(document),
    )


def state_facts(document: Document) -> dict[str, Any]:
    """The same for documents.js."""
    return {
        "id": str(document.pk),
        "name": str(document),
        "status": document.status,
        "label": document.get_status_display(),
        "note": note_of(document),
        "what_to_do": what_to_do(document) if document.status == Document.Status.FAILED else "",
        "under_way": document.status in Document.UNDER_WAY,
        "passages": document.chunk_count,
        "url": reverse("admin:rag_document_change", args=[document.pk]),
    }
