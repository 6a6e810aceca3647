"""Files that strangers have made, handed out so that no browser shows or runs them."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from rag.use_cases.documents import OriginalFile


def as_download(original: OriginalFile) -> HttpResponse:
    """An answer that a browser saves, and never shows or runs: what is in it, a stranger has made."""
    response = HttpResponse(original.content, content_type=original.media_type)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=original.name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response
